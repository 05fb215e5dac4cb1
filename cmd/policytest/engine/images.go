package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// workloads are the kinds that bring images, and where the spec of their pods stands.
var workloads = map[schema.GroupKind][]string{
	{Kind: "Pod"}:                             {"spec"},
	{Kind: "PodTemplate"}:                     {"template", "spec"},
	{Kind: "ReplicationController"}:           {"spec", "template", "spec"},
	{Group: "apps", Kind: "Deployment"}:       {"spec", "template", "spec"},
	{Group: "apps", Kind: "ReplicaSet"}:       {"spec", "template", "spec"},
	{Group: "apps", Kind: "StatefulSet"}:      {"spec", "template", "spec"},
	{Group: "apps", Kind: "DaemonSet"}:        {"spec", "template", "spec"},
	{Group: "batch", Kind: "Job"}:             {"spec", "template", "spec"},
	{Group: "batch", Kind: "CronJob"}:         {"spec", "jobTemplate", "spec", "template", "spec"},
	{Group: "extensions", Kind: "Deployment"}: {"spec", "template", "spec"},
	{Group: "extensions", Kind: "ReplicaSet"}: {"spec", "template", "spec"},
	{Group: "extensions", Kind: "DaemonSet"}:  {"spec", "template", "spec"},
}

// imageFields lead to an image. A template that looks for images finds none below a field that is misspelt.
var imageFields = []string{"spec", "template", "jobTemplate", "containers", "initContainers", "ephemeralContainers", "image", "volumes", "reference"}

// CheckImages tells why a template may have overlooked an image of the object. The kind or a field that leads to an image
// is misspelt, or the kind brings images and the object has none. The API server would refuse most of these objects.
func CheckImages(object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	if err := checkKind([]string{kind.Group}, kind.Kind); err != nil {
		return err
	}
	path, brings := workloads[kind.GroupKind()]
	if err := checkFields(object, brings); err != nil || !brings {
		return err
	}
	return checkPod(object.Object, path)
}

var unknownField = regexp.MustCompile(`^unknown field "(.*)"$`)

// checkFields reads the object as the API server does when it is strict. Fields that lead to no image are none of its
// business: they may be newer than this program.
func checkFields(object *unstructured.Unstructured, brings bool) error {
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return nil //nolint:nilerr // no kind or version of Kubernetes's own that this program knows
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true)
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		if err != nil && brings {
			return fmt.Errorf("it is no %s: %w", object.GetKind(), err)
		}
		return nil
	}
	for _, fault := range strict.Errors() {
		if match := unknownField.FindStringSubmatch(fault.Error()); match != nil {
			if meant := nearest(match[1][strings.LastIndex(match[1], ".")+1:], imageFields); meant != "" {
				return fmt.Errorf("unknown field %q, so an image may not be found; did you mean %q?", match[1], meant)
			}
		}
	}
	return nil
}

var errNoImage = errors.New("no image found")

// checkPod wants a container, and an image in each.
func checkPod(object map[string]any, path []string) error {
	where := strings.Join(path, ".") + ".containers"
	containers, found, err := unstructured.NestedSlice(object, append(append([]string{}, path...), "containers")...)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNoImage, err)
	case !found:
		return fmt.Errorf("%w: there is no %s", errNoImage, where)
	case len(containers) == 0:
		return fmt.Errorf("%w: %s is empty", errNoImage, where)
	}
	for i, c := range containers {
		container, _ := c.(map[string]any)
		if image, _ := container["image"].(string); image == "" {
			return fmt.Errorf("%w: %s[%d] has none", errNoImage, where, i)
		}
	}
	return nil
}
