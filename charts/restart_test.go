package charts

import (
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

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

// Pods that restart have an empty memory, so only a change that no running server takes over may start others.
func TestOnlyKeysReadAtStartStartOtherPods(t *testing.T) {
	look := func(args ...string) (template corev1.PodTemplateSpec, file string) {
		o := render(t, args...)
		return get[appsv1.Deployment](t, o, "Deployment", release).Spec.Template, get[corev1.ConfigMap](t, o, "ConfigMap", release).Data["config.yaml"]
	}
	pods, file := look()
	for _, key := range config.Keys() {
		set, ok := other[key.Name]
		if !ok {
			refused(t, "contradicts the chart", "--set", "config."+key.Name+"=/a")
			continue
		}
		otherPods, otherFile := look("--set", set)
		if otherFile == file {
			t.Errorf("%s: the configuration is the same", key.Name)
		}
		if got := !reflect.DeepEqual(otherPods, pods); got != key.Restart {
			t.Errorf("%s: other pods: %t, want %t", key.Name, got, key.Restart)
		}
	}
}
