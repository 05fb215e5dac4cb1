package charts

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// The volume is mounted where the configuration says, and the server may write there.
func TestEvidenceHasItsVolume(t *testing.T) {
	o := render(t, "--set", "evidenceVolume.emptyDir.sizeLimit=512Mi")
	c := rig.Must(config.Parse([]byte(get[corev1.ConfigMap](t, o, "ConfigMap", release).Data["config.yaml"])))(t)
	pod := get[appsv1.Deployment](t, o, "Deployment", release).Spec.Template.Spec
	mounted := ""
	for _, mount := range pod.Containers[0].VolumeMounts {
		if mount.Name == "evidence" && !mount.ReadOnly {
			mounted = mount.MountPath
		}
	}
	if e := c.Cache.Evidence; e.Store != config.StoreDirectory || e.Directory.Path != mounted {
		t.Errorf("the configuration has %+v, the volume is at %q", e, mounted)
	}
	found := false
	for _, volume := range pod.Volumes {
		found = found || volume.Name == "evidence" && volume.EmptyDir != nil
	}
	if group := pod.SecurityContext.FSGroup; !found || group == nil || *group != *pod.SecurityContext.RunAsGroup {
		t.Errorf("there is a volume: %t; its group is %v", found, group)
	}
	refused(t, "config.cache.evidence.store: \"none\" contradicts the chart", "--set", "evidenceVolume.emptyDir.medium=Memory,config.cache.evidence.store=none")
	if c := rig.Must(config.Parse([]byte(get[corev1.ConfigMap](t, render(t), "ConfigMap", release).Data["config.yaml"])))(t); c.Cache.Evidence.Store != config.StoreNone {
		t.Errorf("without a volume the store is %s", c.Cache.Evidence.Store)
	}
}
