package charts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/v1beta1"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// refused fails the test unless helm refuses the values, and says so in these words.
func refused(t *testing.T, words string, args ...string) {
	t.Helper()
	if _, err := template(t, args...); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%q: %v; want %q", args, err, words)
	}
}

// Helm names all that the schema refuses, so one render has every mistake.
func TestAMisspeltValueIsRefusedByName(t *testing.T) {
	mistakes := []struct{ value, words string }{
		{"replica=3", "'replica' not allowed"},
		{"image.tags=1", "at '/image': additional properties 'tags'"},
		{"config.answerWithn=1s", "at '/config': additional properties 'answerWithn'"},
		{"config.registries[0].hosts=a", "at '/config/registries/0'"},
		{"config.limits.key=1", "at '/config/limits': additional properties 'key'"},
		{"config.answerWithin=1800", "at '/config/answerWithin'"},
		{"config.cache.evidence.memory=64MB", "at '/config/cache/evidence/memory'"},
		{"config.cache.evidence.store=disk", "at '/config/cache/evidence/store'"},
		{"evidenceVolume=here", "at '/evidenceVolume'"},
		{"config.log.level=trace", "at '/config/log/level'"},
		{"tls.source=certmanager", "at '/tls/source'"},
		{"trust.stores.tsas.a=b", "at '/trust/stores'"},
		{"constraints.enforcementAction=denied", "at '/constraints/enforcementAction'"},
		{"constraints.exceptionsFrom[0]=Exception", "at '/constraints/exceptionsFrom/0'"},
		{"imageExceptions.enabled=true", "at '/imageExceptions'"},
		{"rbac.exceptionEditors[0].kind=Person", "at '/rbac/exceptionEditors/0"},
		{"constraints.preset=skao", "at '/constraints/preset'"},
		{"registryCAs[0].host=a", "at '/registryCAs/0'"},
		{"terminationGracePeriodSeconds=20", "at '/terminationGracePeriodSeconds'"},
		{"resources.limit.memory=1Gi", "at '/resources'"},
		{"networkPolicy.scrapers=a", "at '/networkPolicy'"},
		{"rbac.trustEditors[0].kind=Person", "at '/rbac/trustEditors/0"},
		{"monitoring.podMonitor.enable=true", "at '/monitoring/podMonitor'"},
		{"fullnameOverride=Notation", "at '/fullnameOverride'"},
		{"image.digest=sha256:0", "at '/image/digest'"},
		{"constraints.exceptions[0].image=a", "at '/constraints/exceptions/0'"},
		{"mutation.ephemeral=true", "at '/mutation'"},
		{"podDisruptionBudget.minAvailabe=1", "at '/podDisruptionBudget'"},
		{"autoscaling.min=1", "at '/autoscaling'"},
		{"gatekeeper.timeout=3", "at '/gatekeeper'"},
		{"tls.certManager.issuer=a", "at '/tls/certManager'"},
		{"dockerConfigSecrets[0]=Not_A_Name", "at '/dockerConfigSecrets/0'"},
		{"config.tls.clientNames[0]=", "at '/config/tls/clientNames/0'"},
		{"config.egress.allow[0]=http://pki.local", "at '/config/egress/allow/0'"},
	}
	var values []string
	for _, m := range mistakes {
		values = append(values, m.value)
	}
	_, err := template(t, "--set", strings.Join(values, ","))
	for _, m := range mistakes {
		if err == nil || !strings.Contains(err.Error(), m.words) {
			t.Errorf("%s: %v; want %q", m.value, err, m.words)
		}
	}
}

func TestWhatContradictsTheChartIsRefusedByName(t *testing.T) {
	for _, key := range []string{"listen", "adminListen", "tls.certFile", "tls.keyFile", "tls.clientCAFile", "trust.policyFile", "trust.storeDir"} {
		refused(t, fmt.Sprintf("config.%s: %q contradicts the chart", key, "/x:1"), "--set", "config."+key+"=/x:1")
	}
	refused(t, "config.registries[0].caFile: \"/x\" contradicts registryCAs", "--set",
		"registryCAs[0].host=a,registryCAs[0].configMap.name=b,registryCAs[0].configMap.key=c,config.registries[0].host=a,config.registries[0].caFile=/x")
	if _, err := template(t, "--set", "config.listen=:8443,config.tls.certFile=/etc/notation-provider/tls/tls.crt"); err != nil {
		t.Errorf("what agrees with the chart is refused: %v", err)
	}
}

func TestAnswersTooLateForTheWebhookAreRefused(t *testing.T) {
	refused(t, "config.answerWithin: with 2s the Provider waits 3 s, and Gatekeeper's validating webhook only 3 s", "--set", "config.answerWithin=2s")
	refused(t, "config.mutateWithin: with 1s the Provider waits 2 s, and Gatekeeper's mutating webhook only 1 s", "--set", "config.mutateWithin=1s")
	refused(t, "config.answerWithin: 1.8s is longer than config.verifyWithin, 1.5s", "--set", "config.answerWithin=1.8s,config.verifyWithin=1.5s")
	refused(t, "validating webhook only 2 s", "--set", "gatekeeper.webhookTimeoutSeconds=2")
}

// A pod is killed when terminationGracePeriodSeconds is over.
func TestADrainLongerThanTheGraceIsRefused(t *testing.T) {
	refused(t, "config.drainDelay: with 9s a server needs more than 30 s to end", "--set", "config.drainDelay=9s")
	refused(t, "config.drainDelay: with 5s a server needs more than 25 s to end", "--set", "config.drainDelay=5s,terminationGracePeriodSeconds=25")
	for _, values := range []string{"config.drainDelay=8900ms", "config.drainDelay=30s,terminationGracePeriodSeconds=60"} {
		if _, err := template(t, "--set", values); err != nil {
			t.Errorf("%s is refused: %v", values, err)
		}
	}
}

func TestTheProvidersTimeoutFollows(t *testing.T) {
	for _, tc := range []struct {
		within string
		want   int
	}{{"1800ms", 2}, {"1s", 2}, {"999ms", 1}, {"2.5s", 3}, {"0.001h", 4}, {"1s500ms", 2}, {"900000us", 1}, {"null", 2}} {
		o := render(t, "--set", "gatekeeper.webhookTimeoutSeconds=30,config.mutateWithin=null,config.answerWithin="+tc.within)
		validate, mutate := get[v1beta1.Provider](t, o, "Provider", release).Spec, get[v1beta1.Provider](t, o, "Provider", "notation-provider-mutate").Spec
		if validate.Timeout != tc.want || mutate.Timeout != 1 {
			t.Errorf("with %q Gatekeeper waits %d s, and %d s", tc.within, validate.Timeout, mutate.Timeout)
		}
		if validate.URL != "https://notation-provider.notation-provider.svc:8443/validate" || mutate.URL != "https://notation-provider.notation-provider.svc:8443/mutate" {
			t.Errorf("Gatekeeper asks %s, and %s", validate.URL, mutate.URL)
		}
	}
}

func TestWhatASourceOfTLSNeedsIsAskedFor(t *testing.T) {
	const ca = "tls.clientCA.secret.name=ca,"
	refused(t, "tls.secret.name: is missing", "--set", ca+"tls.source=secret,tls.caBundle=-----BEGIN CERTIFICATE-----")
	refused(t, "tls.caBundle: is missing; with tls.source=secret", "--set", ca+"tls.source=secret,tls.secret.name=a")
	refused(t, "tls.caBundle: holds no certificate in PEM", "--set", ca+"tls.source=secret,tls.secret.name=a,tls.caBundle=x")
	refused(t, "tls.certManager.issuerRef.name: is missing", "--set", ca+"tls.source=certManager,tls.caBundle=-----BEGIN CERTIFICATE-----")
	refused(t, "trust.stores.ca.a: holds a private key", "--set", "trust.policy.version=1.0,trust.stores.ca.a=-----BEGIN PRIVATE KEY-----")
	refused(t, "registryCAs[0].pem: holds a private key", "--set", "registryCAs[0].host=a,registryCAs[0].pem=-----BEGIN PRIVATE KEY-----")
	mine, managers := render(t, "--values", chart+"/examples/own-secret.yaml").names(), render(t, "--values", chart+"/examples/cert-manager.yaml").names()
	if strings.Contains(strings.Join(mine, ","), "rotator") || slices.Contains(mine, "Secret notation-provider-tls") {
		t.Errorf("with a Secret of ours there are %q", mine)
	}
	if !slices.Contains(managers, "Certificate notation-provider") || slices.Contains(managers, "Secret notation-provider-tls") {
		t.Errorf("with cert-manager there are %q", managers)
	}
}

// schemaOf are the keys below a place of the schema.
func schemaOf(t *testing.T, schema map[string]any, place string) map[string]any {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok || schema["additionalProperties"] != false {
		t.Errorf("%s is not closed", place)
	}
	return properties
}

func same(t *testing.T, typ reflect.Type, schema map[string]any, place string) {
	t.Helper()
	properties := schemaOf(t, schema, place)
	var keys []string
	for i := range typ.NumField() {
		field := typ.Field(i)
		key := field.Tag.Get("yaml")
		keys = append(keys, key)
		below, ok := properties[key].(map[string]any)
		switch kind := field.Type.Kind(); {
		case !ok:
			t.Errorf("the schema has no %s.%s", place, key)
		case kind == reflect.Struct:
			same(t, field.Type, below, place+"."+key)
		case kind == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			same(t, field.Type.Elem(), below["items"].(map[string]any), place+"."+key+"[]")
		case kind == reflect.Bool && below["type"] != "boolean", kind == reflect.Int && below["type"] != "integer", kind == reflect.Slice && below["type"] != "array":
			t.Errorf("%s.%s is a %s, and %v in the schema", place, key, kind, below)
		}
	}
	for key := range properties {
		if !slices.Contains(keys, key) {
			t.Errorf("the server has no %s.%s", place, key)
		}
	}
}

func schema(t *testing.T) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(rig.Must(os.ReadFile(chart+"/values.schema.json"))(t), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSchemaHasEachKeyOfTheConfiguration(t *testing.T) {
	below := schemaOf(t, schema(t), "values")
	same(t, reflect.TypeFor[config.Config](), below["config"].(map[string]any), "config")
}

// What the server prints as its default must pass, so that the chart keeps no one from what it takes.
func TestTheDefaultConfigurationIsTaken(t *testing.T) {
	var all map[string]any
	if err := yaml.Unmarshal([]byte(config.Annotated()), &all); err != nil {
		t.Fatal(err)
	}
	all["trust"].(map[string]any)["storeDir"] = "" // the chart's
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(path, rig.Must(yaml.Marshal(map[string]any{"config": all}))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := template(t, "--values", path); err != nil {
		t.Error(err)
	}
}

// A value that no template reads would be a promise that is not kept.
func TestEveryValueIsReadByATemplate(t *testing.T) {
	var text strings.Builder
	for _, path := range rig.Must(filepath.Glob(chart + "/templates/*"))(t) {
		text.Write(rig.Must(os.ReadFile(path))(t))
	}
	var look func(place string, value any)
	look = func(place string, value any) {
		name := place[strings.LastIndexByte(place, '.')+1:]
		if !strings.Contains(text.String(), "."+name) && !strings.Contains(text.String(), `"`+name+`"`) {
			t.Errorf("%s is read nowhere", place)
		}
		below, _ := value.(map[string]any)
		if properties := place == "config" || strings.HasSuffix(place, "Selector") || strings.HasSuffix(place, "esources") || strings.HasSuffix(place, "labels"); properties {
			return
		}
		for key, value := range below {
			look(place+"."+key, value)
		}
	}
	for key, value := range values(t) {
		look(key, value)
	}
}
