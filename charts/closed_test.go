package charts

import (
	"fmt"
	"strings"
	"testing"
)

// A value is one word of a manifest, and adds nothing else to it. helm names all values that are wrong at once.
func TestValuesAddNoFields(t *testing.T) {
	keys := []string{
		"image.repository", "image.tag", "priorityClassName", "tls.certManager.issuerRef.name", "tls.certManager.issuerRef.kind",
		"tls.clientCA.configMap.key", "tls.clientCA.secret.key",
	}
	for _, value := range []string{`"x\n          hostNetwork: true"`, `"x}, optional: {a: b"`, `"{a: b}"`, `"x # y"`, `"*"`} {
		var args, places []string
		for _, key := range keys {
			args = append(args, "--set-json", key+"="+value)
			places = append(places, fmt.Sprintf("at '/%s'", strings.ReplaceAll(key, ".", "/")))
		}
		_, err := template(t, args...)
		for _, place := range places {
			if err == nil || !strings.Contains(err.Error(), place) {
				t.Errorf("%s is not refused %s: %v", value, place, err)
			}
		}
	}
}

// Gatekeeper takes a * at either end for any text: alone it leaves out all namespaces.
func TestNotAllNamespacesAreLeftOut(t *testing.T) {
	for _, key := range []string{"constraints", "mutation"} {
		for _, value := range []string{"*", "**", "-*"} {
			refused(t, "at '/"+key+"/excludedNamespaces/0'", "--set", fmt.Sprintf("%s.excludedNamespaces[0]=%s", key, value))
		}
		if _, err := template(t, "--set", key+".excludedNamespaces={kube-*,ci-1}"); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// The namespace of the release is left out. In one where people create pods, that would be a hole.
func TestTheDefaultNamespaceIsJudged(t *testing.T) {
	for _, value := range []string{"constraints.preset=generic", "mutation.create=true"} {
		refused(t, "one of them is default, where people create pods", "--namespace", "default", "--set", value)
		refused(t, "one of them is default, where people create pods", "--set", "gatekeeper.namespace=default,"+value)
	}
}

// Constraints wait one after the other: the webhook must outlast all of a preset.
func TestThePresetIsDoneBeforeTheWebhook(t *testing.T) {
	refused(t, "constraints.preset: skao-development has 2 constraints, which may wait 2 s each, one after the other, and Gatekeeper's validating webhook waits only 3 s",
		"--set", "constraints.preset=skao-development")
	refused(t, "to 5", "--set", "constraints.preset=skao-development,gatekeeper.webhookTimeoutSeconds=4")
	if _, err := template(t, "--set", "constraints.preset=skao-development,gatekeeper.webhookTimeoutSeconds=5"); err != nil {
		t.Error(err)
	}
}

// A rule without a port would let the rotator out at every one.
func TestTheRotatorGoesOutAtNamedPorts(t *testing.T) {
	refused(t, "at '/networkPolicy/apiServerPorts'", "--set-json", "networkPolicy.apiServerPorts=[]")
}
