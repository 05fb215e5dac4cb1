package policies_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	unversioned "github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/cachemanager/parser"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	"go.yaml.in/yaml/v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// gatekeeper is its engine, with all the templates.
func gatekeeper(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range templates(t) {
		load(t, e, template)
	}
	return e
}

func templates(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("*/template.yaml")
	if err != nil || len(paths) < 2 {
		t.Fatal(paths, err)
	}
	return paths
}

func load(t *testing.T, e *engine.Engine, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := loadText(e, string(text)); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func TestGatekeeperTakesTheTemplatesAndTheirConstraints(t *testing.T) {
	e := gatekeeper(t)
	for _, pattern := range []string{"*/samples/*constraint*.yaml", "presets/*/constraint*.yaml", "presets/*/*/*.yaml", "../charts/notation-provider/examples/constraint/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, paths, err)
		}
		for _, path := range paths {
			if filepath.Base(path) != "kustomization.yaml" {
				load(t, e, path)
			}
		}
	}
}

func constraint(kind, parameters string) string {
	return fmt.Sprintf("{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: %s, metadata: {name: x}, spec: {parameters: %s}}", kind, parameters)
}

const vetted = `image: postgres, reason: SEC-142, expires: "2027-03-01"`

func TestParametersThatSayWhatTheyMeanAreTaken(t *testing.T) {
	e := gatekeeper(t)
	for _, parameters := range []string{
		`{provider: p}`,
		`{provider: p, images: ["*"], support: "https://skao.int/help"}`,
		`{provider: p, images: ["harbor.skao.int/*", "harbor.skao.int:8443/a/*", "[::1]:5000/a", postgres, "postgres:16.1", localhost/x]}`,
		`{provider: p, images: ["docker.io/grafana/grafana:11.2.0@` + sha256 + `", "x@` + sha512 + `"]}`,
		`{provider: p, exceptionsFrom: [ClusterImageException, ImageException]}`,
		`{provider: p, exceptions: [{` + vetted + `}, {` + vetted + `, namespaces: [tango]}, {image: "*", reason: x, expires: never}]}`,
		`{provider: p, requireMetadata: [{images: ["x.io/*"], metadata: {vetted: "SEC-*", org.example/a.b: "*", c: x}}, {images: [postgres], metadata: {vetted: SEC-1}}]}`,
		`{provider: p, signers: [{images: ["*"], attributes: {CN: "SKAO *", SERIALNUMBER: "1", C: GB, L: Jodrell Bank, ST: England, STREET: x, O: SKAO, OU: x, POSTALCODE: SK11}}]}`,
	} {
		if err := loadText(e, constraint("SignedImages", parameters)); err != nil {
			t.Errorf("%s: %v", parameters, err)
		}
	}
}

// The first of these is what the API server does with fieldValidation=Strict, as kubectl asks it to.
func TestBadParameters(t *testing.T) {
	e := gatekeeper(t)
	for _, tc := range []struct{ parameters, want string }{
		{`{provider: p, image: ["*"]}`, "unknown field"},
		{`{provider: p, exception: []}`, "unknown field"},
		{`{provider: p, exceptions: [{` + vetted + `, namespace: tango}]}`, "unknown field"},
		{`{provider: p, exceptions: [{` + vetted + `, until: never}]}`, "unknown field"},
		{`{}`, "provider"},
		{`{provider: ""}`, "provider"},
		{`{provider: "a b"}`, "provider"},
		{`{provider: p, images: []}`, "images"},
		{`{provider: p, images: "*"}`, "images"},
		{`{provider: p, images: [""]}`, "images"},
		{`{provider: p, images: [harbor.skao.int]}`, "images"},
		{`{provider: p, images: ["*.skao.int/*"]}`, "images"},
		{`{provider: p, images: ["harbor.skao.int/prod*"]}`, "images"},
		{`{provider: p, images: ["https://harbor.skao.int/*"]}`, "images"},
		{`{provider: p, exceptions: [{image: postgres, reason: x}]}`, "expires"},
		{`{provider: p, exceptions: [{image: postgres, expires: never}]}`, "reason"},
		{`{provider: p, exceptions: [{reason: x, expires: never}]}`, "image"},
		{`{provider: p, exceptions: [{image: postgres, reason: " ", expires: never}]}`, "reason"},
		{`{provider: p, exceptions: [{image: postgres, reason: x, expires: soon}]}`, "expires"},
		{`{provider: p, exceptions: [{image: postgres, reason: x, expires: "2027-13-01"}]}`, "expires"},
		{`{provider: p, exceptions: [{` + vetted + `, namespaces: []}]}`, "namespaces"},
		// The messages of the rules, which kubectl apply prints.
		{`{provider: p, exceptions: [{image: postgres, reason: x, expires: "2027-02-31"}]}`, `spec.parameters.exceptions[0].expires: "2027-02-31" is no day; write a day that exists, as YYYY-MM-DD, or never`},
		{`{provider: p, exceptions: [{image: postgres, reason: x, expires: "2027-02-29"}]}`, `"2027-02-29" is no day`},
		{`{provider: p, exceptions: [{image: postgres, reason: x, expires: "2100-02-29"}]}`, `"2100-02-29" is no day`},
		{`{provider: p, images: ["docker.io/grafana/grafana*"]}`, `spec.parameters.images[0]: "docker.io/grafana/grafana*" has a * in the wrong place; write * alone, or a path and /*`},
		{`{provider: p, images: ["harbor.skao.int:8443"]}`, `"harbor.skao.int:8443" is a registry; write /* after it`},
		{`{provider: p, images: ["harbor.skao.int/"]}`, `"harbor.skao.int/" is a registry; write /* after it`},
		{`{provider: p, images: ["harbor.skao.int/a/"]}`, `ends in a slash; write /* for everything below the path`},
		{`{provider: p, images: ["oci://harbor.skao.int/a"]}`, `is a URL; leave out the scheme`},
		{`{provider: p, images: ["A B"]}`, `"A B" is no pattern of images; write *, a path and /*, or an image such as`},
		{`{provider: P}`, `spec.parameters.provider: must be the name of a Provider`},
		{`{provider: p, exceptions: [{` + vetted + `, namespaces: [Tango]}]}`, `spec.parameters.exceptions[0].namespaces[0]: "Tango" is no namespace`},
		{`{provider: p, exceptions: [{image: postgres, reason: " ", expires: "2028-02-29"}]}`, `spec.parameters.exceptions[0].reason: must say who vetted the image`},
		{`{provider: p, requireMetadata: [{metadata: {a: b}}]}`, "images"},
		{`{provider: p, requireMetadata: [{images: ["*"]}]}`, "metadata"},
		{`{provider: p, requireMetadata: [{images: [], metadata: {a: b}}]}`, "images"},
		{`{provider: p, requireMetadata: [{images: [x.io], metadata: {a: b}}]}`, `"x.io" is a registry`},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {}}]}`, "metadata"},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {a: ""}}]}`, "metadata"},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {a: 1}}]}`, "metadata"},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {a: [b]}}]}`, "metadata"},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {a: "SEC-*-x"}}]}`, `"SEC-*-x" has a * in the wrong place; write it at the end`},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {io.cncf.notary.x: a}}]}`, `spec.parameters.requireMetadata[0].metadata: has a key that no signature has`},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {"": a}}]}`, `has a key that no signature has`},
		{`{provider: p, requireMetadata: [{images: ["*"], metadata: {a: b}, value: c}]}`, "unknown field"},
		{`{provider: p, signers: [{images: ["*"], attributes: {cn: x}}]}`, `spec.parameters.signers[0].attributes: has an attribute that notation does not read; write CN, SERIALNUMBER, C,`},
		{`{provider: p, signers: [{images: ["*"], attributes: {}}]}`, "attributes"},
		{`{provider: p, signers: [{images: ["*"], attributes: {CN: "*x"}}]}`, `spec.parameters.signers[0].attributes[CN]: "*x" has a * in the wrong place`},
		{`{provider: p, support: " "}`, `spec.parameters.support: must be one line`},
		{`{provider: p, exceptionsFrom: [clusterimageexceptions]}`, `spec.parameters.exceptionsFrom[0]: "clusterimageexceptions" is no kind of exceptions; write ClusterImageException or ImageException`},
		{`{provider: p, exceptionsFrom: ImageException}`, "exceptionsFrom"},
		{`{provider: p, support: 1}`, "support"},
	} {
		if err := loadText(e, constraint("SignedImages", tc.parameters)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v; want an error about %s", tc.parameters, err, tc.want)
		}
	}
	if err := loadText(e, constraint("PinnedImages", `{provider: p}`)); err == nil || !strings.Contains(err.Error(), "unknown field") {
		t.Errorf("PinnedImages takes a provider: %v", err)
	}
}

// A constraint may ask for each attribute that the provider tells of a signer, and for all at once.
func TestSignersHaveTheProvidersAttributes(t *testing.T) {
	e := gatekeeper(t)
	const signer = `{provider: p, signers: [{images: ["*"], attributes: {%s: x}}]}`
	names := provider.IdentityAttributes()
	for _, attributes := range append(names, strings.Join(names, ": x, ")) {
		if err := loadText(e, constraint("SignedImages", fmt.Sprintf(signer, attributes))); err != nil {
			t.Errorf("%s: %v", attributes, err)
		}
	}
}

func loadText(e *engine.Engine, text string) error {
	objects, err := reader.ReadUnstructureds([]byte(text))
	if err != nil {
		return err
	}
	return e.Load(context.Background(), objects...)
}

// Memory and deadline of a provider are per call. Its keys are what people wrote, each once, in order.
func TestAReviewMakesOneCallForAllItsImages(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	server.Close() // the call fails, and is one all the same
	var calls []engine.Call
	e, err := engine.New(engine.Options{
		Providers: []engine.Provider{{Name: "p", URL: server.URL, CABundle: certificatePEM(server.Certificate())}},
		Observe:   func(c engine.Call) { calls = append(calls, c) },
	})
	if err != nil {
		t.Fatal(err)
	}
	load(t, e, "signedimages/template.yaml")
	if err := loadText(e, constraint("SignedImages", `{provider: p, images: ["*"], exceptions: [{image: redis, reason: x, expires: never}]}`)); err != nil {
		t.Fatal(err)
	}
	pod := &unstructured.Unstructured{Object: podOf([]string{"postgres", "a.io/b:1", "redis:7", "postgres", "A.io:443/b:1", "NO"})["object"].(map[string]any)}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	violations, err := e.Review(context.Background(), pod)
	if err != nil {
		t.Fatal(err)
	}
	if len(violations) != 5 {
		t.Errorf("%d violations; want one for each use of an image but redis: %v", len(violations), violations)
	}
	if want := []string{"A.io:443/b:1", "a.io/b:1", "postgres"}; len(calls) != 1 || !slices.Equal(calls[0].Keys, want) {
		t.Errorf("calls %+v; want one about %q", calls, want)
	}
}

// A template says what it is, in the annotations that gatekeeper-library uses, and what each parameter is.
func TestTemplatesAreDescribed(t *testing.T) {
	for _, path := range templates(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Metadata struct{ Annotations map[string]string }
			Spec     struct {
				CRD struct {
					Spec struct {
						Validation struct {
							Schema property `yaml:"openAPIV3Schema"`
						}
					}
				}
			}
		}
		if err := yaml.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		a := template.Metadata.Annotations
		if synced, err := parser.ReadSyncRequirements(&unversioned.ConstraintTemplate{ObjectMeta: metav1.ObjectMeta{Annotations: a}}); err != nil || len(synced) != 2 {
			t.Errorf("%s: objects of %d kinds are to be synchronised: %v", path, len(synced), err)
		}
		if a["metadata.gatekeeper.sh/title"] == "" || a["description"] == "" || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(a["metadata.gatekeeper.sh/version"]) {
			t.Errorf("%s has annotations %q", path, a)
		}
		for name, p := range template.Spec.CRD.Spec.Validation.Schema.Properties {
			p.check(t, path+": "+name)
		}
	}
}

// Each pod of Gatekeeper validates a template whenever its status changes, and in a webhook that has 3 s. What costs there is
// each schema that has rules in CEL, whatever they say; once in each pod it is the Rego.
func TestTemplatesAreQuickToValidate(t *testing.T) {
	const mostBytes, mostRuled = 64 << 10, 14
	for _, path := range templates(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > mostBytes {
			t.Errorf("%s has %d bytes; want %d at most", path, len(text), mostBytes)
		}
		if n := strings.Count(string(text), "x-kubernetes-validations:"); n > mostRuled {
			t.Errorf("%s has rules in %d places; want %d at most: a schema for many names is validated once", path, n, mostRuled)
		}
	}
}

type property struct {
	Type, Description string
	Rules             []struct{ Message string } `yaml:"x-kubernetes-validations"`
	MaxLength         int                        `yaml:"maxLength"`
	MaxItems          int                        `yaml:"maxItems"`
	Properties        map[string]property
	Items             *property
}

func (p property) check(t *testing.T, name string) {
	t.Helper()
	if p.Description == "" && p.Type != "object" {
		t.Errorf("%s has no description", name)
	}
	if p.Type == "string" && (len(p.Rules) == 0 || p.Rules[0].Message == "" || p.MaxLength == 0) {
		t.Errorf("%s has no rule with a message, or no maxLength", name)
	}
	if p.Type == "array" && p.MaxItems == 0 {
		t.Errorf("%s has no maxItems, by which the API server bounds what rules cost", name)
	}
	if p.Items != nil {
		p.Items.check(t, name+"[]")
	}
	for child, p := range p.Properties {
		p.check(t, name+"."+child)
	}
}
