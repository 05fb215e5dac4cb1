package workload

import (
	"strings"

	"github.com/opencontainers/go-digest"
)

// Use is one place where an object uses an image.
type Use struct {
	// Kind, Namespace and Name are the object's. Namespace is "" for what is in none.
	Kind, Namespace, Name string
	// Field is initContainers, containers, ephemeralContainers or volumes.
	Field string
	// Container is the name of the container, or of the volume.
	Container string
	// Image is the reference as the object has it; "" for what should be text and is not.
	Image string
	// Running is the digest that the container runtime reports for a pod that runs; "" if it reports none.
	Running digest.Digest
}

// fields is where containers stand in a pod's spec.
var fields = [...]string{"initContainers", "containers", "ephemeralContainers"}

// paths are where a pod's spec stands: in a Pod; in ReplicaSet, Deployment, StatefulSet, DaemonSet, ReplicationController
// and Job; in a CronJob; in a PodTemplate. The kind is not asked: others that follow the same pattern are read too.
var paths = [...][]string{
	{"spec"},
	{"spec", "template", "spec"},
	{"spec", "jobTemplate", "spec", "template", "spec"},
	{"template", "spec"},
}

// Uses returns the places where an object uses images, init containers first.
func Uses(object map[string]any) []Use {
	of := Use{Kind: Text(object, "kind"), Namespace: Text(object, "metadata", "namespace"), Name: Text(object, "metadata", "name")}
	running := digests(object)
	var uses []Use
	for _, path := range paths {
		spec := At(object, path...)
		for _, field := range fields {
			for _, container := range elements(At(spec, field)) {
				use := of
				use.Field, use.Container, use.Image = field, Text(container, "name"), Text(container, "image")
				use.Running = running[place{field, use.Container}]
				uses = append(uses, use)
			}
		}
		for _, volume := range elements(At(spec, "volumes")) {
			if source, ok := has(volume, "image"); ok {
				use := of
				use.Field, use.Container, use.Image = "volumes", Text(volume, "name"), Text(source, "reference")
				uses = append(uses, use)
			}
		}
	}
	return uses
}

// Finished tells whether an object is a pod whose containers have all ended for good: nothing of it runs.
func Finished(object map[string]any) bool {
	phase := Text(object, "status", "phase")
	return Text(object, "kind") == "Pod" && (phase == "Succeeded" || phase == "Failed")
}

// place is where a container stands in a pod's spec and status.
type place struct{ field, name string }

// digests are those that the status of a pod has of its containers.
func digests(object map[string]any) map[place]digest.Digest {
	found := map[place]digest.Digest{}
	for _, field := range fields {
		status := strings.TrimSuffix(field, "s") + "Statuses" // containerStatuses and so on
		for _, container := range elements(At(object, "status", status)) {
			if d := digestOf(Text(container, "imageID")); d != "" {
				found[place{field, Text(container, "name")}] = d
			}
		}
	}
	return found
}

// digestOf is the digest of a manifest in a status's imageID, which some runtimes write docker-pullable://name@digest.
// Without a name it is the ID of an image on the node, which is the digest of something else.
func digestOf(imageID string) digest.Digest {
	name, written, ok := strings.Cut(imageID, "@")
	d := digest.Digest(written)
	if !ok || name == "" || d.Validate() != nil || (d.Algorithm() != digest.SHA256 && d.Algorithm() != digest.SHA512) {
		return ""
	}
	return d
}
