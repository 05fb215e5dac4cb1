package engine_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/suites"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// objects reads YAML.
func objects(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := engine.ReadObjects(file)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func pod(t *testing.T, image string) *unstructured.Unstructured {
	t.Helper()
	return objects(t, `{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: c, image: "`+image+`"}]}}`)[0]
}

// provider is one called p, of which verdicts.yaml says what it answers.
func provider(t *testing.T, text string) engine.Provider {
	t.Helper()
	file, err := verdicts.Parse("verdicts.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	server, err := suites.StartReplay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	urlOf, end := server.Open(file.Scene("", ""))
	t.Cleanup(end)
	return engine.Provider{Name: "p", URL: urlOf("p"), CABundle: server.CA(), Timeout: 60}
}

// strict is an engine with a closed policy.
func strict(t *testing.T, o engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	template, err := engine.ReadObjects("../testdata/templates/strict.yaml")
	if err != nil {
		t.Fatal(err)
	}
	constraint := objects(t, `{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: StrictSigned, metadata: {name: signed}, spec: {parameters: {provider: p}}}`)
	if err := e.Load(t.Context(), append(constraint, template...)...); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAReviewTellsWhatIsWrongAndWhatComesOfIt(t *testing.T) {
	var calls []engine.Call
	e := strict(t, engine.Options{
		Providers: []engine.Provider{provider(t, `providers: {p: {answers: {r.io/good:1: verified, r.io/bad:1: {refused: expired}}}}`)},
		Observe:   func(c engine.Call) { calls = append(calls, c) },
	})
	if found, err := e.Review(t.Context(), pod(t, "r.io/good:1")); err != nil || len(found) != 0 {
		t.Errorf("good: %+v, %v", found, err)
	}
	found, err := e.Review(t.Context(), pod(t, "r.io/bad:1"))
	if err != nil || len(found) != 1 || !engine.Denied(found) {
		t.Fatalf("bad: %+v, %v", found, err)
	}
	v := found[0]
	if v.Kind != "StrictSigned" || v.Constraint != "signed" || v.Action() != "deny" || v.Details["image"] != "r.io/bad:1" ||
		v.Msg != "r.io/bad:1 is not verified: expired: as recorded" {
		t.Errorf("violation %+v", v)
	}
	if last := calls[len(calls)-1]; last.Provider != "p" || !slices.Equal(last.Keys, []string{"r.io/bad:1"}) || last.Failed() || len(last.Response.Errors) != 1 {
		t.Errorf("call %+v", last)
	}
}

// A question to an unknown provider is an error, and no violation.
func TestUnknownProviderIsAnError(t *testing.T) {
	found, err := strict(t, engine.Options{}).Review(t.Context(), pod(t, "r.io/a:1"))
	unknown, ok := errors.AsType[*engine.UnknownProviderError](err)
	if !ok || unknown.Name != "p" || !slices.Equal(unknown.Keys, []string{"r.io/a:1"}) || found != nil {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestEnginesInOneProcessKeepToTheirOwnProviders(t *testing.T) {
	good := strict(t, engine.Options{Providers: []engine.Provider{provider(t, `providers: {p: {default: verified}}`)}})
	bad := strict(t, engine.Options{Providers: []engine.Provider{provider(t, `providers: {p: {default: {refused: revoked}}}`)}})
	object := pod(t, "r.io/a:1")
	var all sync.WaitGroup
	for range 8 {
		for _, tc := range []struct {
			e    *engine.Engine
			want bool
		}{{good, false}, {bad, true}} {
			all.Go(func() {
				if found, err := tc.e.Review(t.Context(), object); err != nil || engine.Denied(found) != tc.want {
					t.Errorf("%+v, %v; want denied: %v", found, err, tc.want)
				}
			})
		}
	}
	all.Wait()
}

func TestANamespaceAndAnExpansionAreTakenIntoAccount(t *testing.T) {
	e := strict(t, engine.Options{Providers: []engine.Provider{provider(t, `providers: {p: {default: {refused: unsigned}}}`)}})
	err := e.Load(t.Context(), objects(t, `
apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: deployments}
spec:
  applyTo: [{groups: [apps], kinds: [Deployment], versions: [v1]}]
  templateSource: spec.template
  enforcementAction: warn
  generatedGVK: {kind: Pod, group: "", version: v1}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {governed: "no"}}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: StrictSigned
metadata: {name: governed}
spec: {match: {namespaceSelector: {matchLabels: {governed: "yes"}}}, parameters: {provider: p}}
`)...)
	if err != nil {
		t.Fatal(err)
	}
	found, err := e.Review(t.Context(), objects(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "r.io/a:1"}]}}}
`)[0])
	if err != nil || len(found) != 1 || found[0].Constraint != "signed" || found[0].Action() != "warn" || engine.Denied(found) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestAnAdmissionReviewMustAskForSomething(t *testing.T) {
	e := strict(t, engine.Options{})
	for _, text := range []string{
		`{apiVersion: admission.k8s.io/v1, kind: AdmissionReview}`,
		`{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {uid: a, operation: CREATE}}`,
		`{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {unheard: of}}`,
	} {
		if _, err := e.Review(t.Context(), objects(t, text)[0]); err == nil || !strings.Contains(err.Error(), "the AdmissionReview") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAProviderWithoutTLSIsRefused(t *testing.T) {
	for _, p := range []engine.Provider{{Name: "p", URL: "http://localhost/"}, {Name: "p", URL: "https://localhost/"}, {URL: "https://localhost/"}} {
		if _, err := engine.New(engine.Options{Providers: []engine.Provider{p}}); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
	if _, err := engine.LoadIdentity("no-such-file", "no-such-file"); err == nil {
		t.Error("a client certificate that is not there was loaded")
	}
}

// A file without an end is no certificate, and no key.
func TestIdentityFromADevice(t *testing.T) {
	if _, err := engine.LoadIdentity("/dev/zero", "no-such-file"); !errors.Is(err, regularfile.ErrNotRegular) {
		t.Errorf("LoadIdentity: %v; want %v", err, regularfile.ErrNotRegular)
	}
}

func TestAViolationIsWrittenAsJSONThatAScriptCanRead(t *testing.T) {
	text, err := json.Marshal(engine.Violation{Kind: "K", Constraint: "c", EnforcementAction: "scoped", ScopedActions: []string{"warn", "deny"}, Msg: "m"})
	if want := `{"kind":"K","constraint":"c","enforcementAction":"scoped","scopedActions":["warn","deny"],"msg":"m"}`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}
