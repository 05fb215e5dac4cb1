package charts

import (
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// other has another value for each key that values may set, in the words of --set.
var other = map[string]string{
	"answerWithin": "config.answerWithin=1700ms", "mutateWithin": "config.mutateWithin=700ms", "verifyWithin": "config.verifyWithin=9s",
	"requestTimeout": "config.requestTimeout=2s", "reload": "config.reload=3s", "drainDelay": "config.drainDelay=2s",
	"limits.requestBytes": "config.limits.requestBytes=1MiB", "limits.keys": "config.limits.keys=7", "limits.concurrent": "config.limits.concurrent=70",
	"limits.perRegistry": "config.limits.perRegistry=7", "limits.signatures": "config.limits.signatures=7", "limits.envelope": "config.limits.envelope=1MiB",
	"cache.entries": "config.cache.entries=7", "cache.verified": "config.cache.verified=7m", "cache.refused": "config.cache.refused=7s", "cache.tags": "config.cache.tags=7s",
	"cache.evidence.memory": "config.cache.evidence.memory=7MiB", "cache.evidence.store": "config.cache.evidence.store=directory",
	"cache.evidence.directory.path": "config.cache.evidence.directory.path=/a", "cache.evidence.directory.size": "config.cache.evidence.directory.size=32MiB",
	"cache.evidence.valkey.mode": "config.cache.evidence.valkey.mode=cluster", "cache.evidence.valkey.addresses": "config.cache.evidence.valkey.addresses={a.example:1}",
	"cache.evidence.valkey.master": "config.cache.evidence.valkey.master=a", "cache.evidence.valkey.nodes": "config.cache.evidence.valkey.nodes={10.0.0.0/8}",
	"cache.evidence.valkey.username": "config.cache.evidence.valkey.username=a", "cache.evidence.valkey.passwordFile": "config.cache.evidence.valkey.passwordFile=/a",
	"cache.evidence.valkey.sentinelUsername": "config.cache.evidence.valkey.sentinelUsername=a", "cache.evidence.valkey.sentinelPasswordFile": "config.cache.evidence.valkey.sentinelPasswordFile=/a",
	"cache.evidence.valkey.prefix": "config.cache.evidence.valkey.prefix=a", "cache.evidence.valkey.ttl": "config.cache.evidence.valkey.ttl=7h",
	"cache.evidence.valkey.tls.caFile": "config.cache.evidence.valkey.tls.caFile=/a", "cache.evidence.valkey.tls.serverName": "config.cache.evidence.valkey.tls.serverName=a",
	"cache.evidence.valkey.tls.clientCertFile": "config.cache.evidence.valkey.tls.clientCertFile=/a", "cache.evidence.valkey.tls.clientKeyFile": "config.cache.evidence.valkey.tls.clientKeyFile=/a",
	"cache.evidence.valkey.plainTextUnsafe": "config.cache.evidence.valkey.plainTextUnsafe=true",
	"registries":                            "config.registries[0].host=a.example", "egress.allow": "config.egress.allow={a.example}", "dockerConfigs": "config.dockerConfigs={/a.json}",
	"tls.clientNames": "config.tls.clientNames={a.example}", "log.level": "config.log.level=warn", "log.format": "config.log.format=text",
}

// Pods that restart have an empty memory, so only a change that no running server takes over may start others. Those that a
// running server takes over are changed together.
func TestOnlyKeysReadAtStartStartOtherPods(t *testing.T) {
	pods, file := podsAndFile(t)
	var reloaded []string
	for _, key := range config.Keys() {
		set, ok := other[key.Name]
		switch {
		case !ok:
			refused(t, "contradicts the chart", "--set", "config."+key.Name+"=/a")
		case !key.Restart:
			reloaded = append(reloaded, key.Name)
		default:
			otherPods, otherFile := podsAndFile(t, set)
			if reflect.DeepEqual(valueOf(otherFile, key.Name), valueOf(file, key.Name)) {
				t.Errorf("%s: the configuration is the same", key.Name)
			}
			if reflect.DeepEqual(otherPods, pods) {
				t.Errorf("%s: no other pods start, and only a start reads it", key.Name)
			}
		}
	}
	var sets []string
	for _, key := range reloaded {
		sets = append(sets, other[key])
	}
	otherPods, otherFile := podsAndFile(t, sets...)
	for _, key := range reloaded {
		if reflect.DeepEqual(valueOf(otherFile, key), valueOf(file, key)) {
			t.Errorf("%s: the configuration is the same", key)
		}
	}
	if !reflect.DeepEqual(otherPods, pods) {
		t.Errorf("other pods start, and a running server takes over each of %q", reloaded)
	}
}

// podsAndFile are what the server's pods are made of and its configuration, with these values set.
func podsAndFile(t *testing.T, sets ...string) (pods corev1.PodTemplateSpec, file map[string]any) {
	t.Helper()
	var args []string
	for _, set := range sets {
		args = append(args, "--set", set)
	}
	o := render(t, args...)
	text := get[corev1.ConfigMap](t, o, "ConfigMap", release).Data["config.yaml"]
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	return get[appsv1.Deployment](t, o, "Deployment", release).Spec.Template, file
}

// valueOf is the value of a key such as log.level; nil if the file has none.
func valueOf(file map[string]any, key string) any {
	var value any = file
	for name := range strings.SplitSeq(key, ".") {
		below, _ := value.(map[string]any)
		value = below[name]
	}
	return value
}
