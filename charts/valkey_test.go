package charts

import (
	"path"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// valkeyOf is the configuration's part for the store, its checks passed.
func valkeyOf(t *testing.T, o objects) config.EvidenceValkey {
	t.Helper()
	c := rig.Must(config.Parse([]byte(get[corev1.ConfigMap](t, o, "ConfigMap", release).Data["config.yaml"])))(t)
	if c.Cache.Evidence.Store != config.StoreValkey {
		t.Errorf("the store is %s", c.Cache.Evidence.Store)
	}
	return c.Cache.Evidence.Valkey
}

// Each file that the configuration names for the store is in the pod, from the Secret or ConfigMap of the values.
func TestValkeyHasItsFiles(t *testing.T) {
	o := render(t, "--values", chart+"/examples/valkey.yaml", "--set", "evidenceValkey.clientCertificateSecret.name=own,evidenceValkey.sentinelPasswordSecret.name=sentinel",
		"--set", "config.cache.evidence.valkey.mode=sentinel,config.cache.evidence.valkey.master=m,config.cache.evidence.valkey.sentinelUsername=u")
	v := valkeyOf(t, o)
	pod := get[appsv1.Deployment](t, o, "Deployment", release).Spec.Template.Spec
	mounted := ""
	for _, mount := range pod.Containers[0].VolumeMounts {
		if mount.Name == "valkey" && mount.ReadOnly {
			mounted = mount.MountPath
		}
	}
	var have []string
	for _, volume := range pod.Volumes {
		if volume.Name != "valkey" {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source.Secret != nil {
				for _, item := range source.Secret.Items {
					have = append(have, source.Secret.Name+" "+path.Join(mounted, item.Path))
				}
			}
			if source.ConfigMap != nil {
				for _, item := range source.ConfigMap.Items {
					have = append(have, source.ConfigMap.Name+" "+path.Join(mounted, item.Path))
				}
			}
		}
	}
	for _, tc := range []struct{ from, file string }{
		{"notation-provider-valkey", v.PasswordFile}, {"sentinel", v.SentinelPasswordFile}, {"valkey-ca", v.TLS.CAFile}, {"own", v.TLS.ClientCertFile},
	} {
		if !slices.Contains(have, tc.from+" "+tc.file) {
			t.Errorf("%s has no %s: %q", tc.from, tc.file, have)
		}
	}
	if !slices.Contains(have, "own "+v.TLS.ClientKeyFile) || len(have) != 5 {
		t.Errorf("the volume has %q", have)
	}
	for _, volume := range get[appsv1.Deployment](t, render(t), "Deployment", release).Spec.Template.Spec.Volumes {
		if volume.Name == "valkey" {
			t.Error("the volume is there without a need")
		}
	}
	refused(t, "leave one of them out", "--values", chart+"/examples/valkey.yaml", "--set", "evidenceValkey.ca.secret.name=x")
	refused(t, "contradicts the chart", "--values", chart+"/examples/valkey.yaml", "--set", "config.cache.evidence.valkey.passwordFile=/x")
	refused(t, "config.cache.evidence.store: \"valkey\" contradicts the chart", "--values", chart+"/examples/valkey.yaml", "--set", "evidenceVolume.emptyDir.medium=Memory")
	refused(t, "config.cache.evidence.store: is not valkey", "--set", "evidenceValkey.passwordSecret.name=x")
}

// The servers may reach the store's ports where the values say, and no other port there.
func TestValkeyMayBeReached(t *testing.T) {
	rules := func(args ...string) []string {
		var found []string
		for _, rule := range get[networkingv1.NetworkPolicy](t, render(t, args...), "NetworkPolicy", release).Spec.Egress {
			var ports []string
			for _, port := range rule.Ports {
				ports = append(ports, port.Port.String())
			}
			to := "anywhere"
			if len(rule.To) > 0 && rule.To[0].NamespaceSelector != nil {
				to = rule.To[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
			}
			found = append(found, strings.Join(ports, " ")+" "+to)
		}
		return found
	}
	without := rules()
	if got := rules("--values", chart+"/examples/valkey.yaml"); len(got) != len(without)+1 || !slices.Contains(got, "6379 valkey") {
		t.Errorf("got %q, without it %q", got, without)
	}
	got := rules("--values", chart+"/examples/valkey.yaml", "--set", "evidenceValkey.egress.ports={6380,6379}", "--set", "config.cache.evidence.valkey.addresses={a.example:26379,b.example:26379}")
	if !slices.Contains(got, "26379 6380 6379 valkey") {
		t.Errorf("got %q", got)
	}
}
