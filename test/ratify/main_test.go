// Package ratify holds provider/COMPARISON.md to the truth. What Ratify was told and what this
// provider is told in its place trust the same signers. This provider does with the latter what the
// page says.
package ratify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

var binaries rig.Binaries

func TestMain(m *testing.M) { binaries.Main(m) }

// valuesFile is what the chart is given in the place of Ratify's objects.
const valuesFile = "../../charts/notation-provider/examples/from-ratify.yaml"

// registryHost is the registry of the example.
const registryHost = "registry.example.org"

// values are the parts of the chart's values that come from Ratify.
type values struct {
	Config              map[string]any `yaml:"config"`
	DockerConfigSecrets []string       `yaml:"dockerConfigSecrets"`
	Trust               trustValues    `yaml:"trust"`
}

// trustValues are the trust policy and its trust stores: certificates in PEM by type and name.
type trustValues struct {
	Policy any                          `yaml:"policy"`
	Stores map[string]map[string]string `yaml:"stores"`
}

// ours reads the example's values.
func ours(t *testing.T) values {
	t.Helper()
	var v values
	decode(t, readFile(t, valuesFile), &v)
	return v
}

// asDocument reads what YAML has as a trust policy of notation's, which is JSON.
func asDocument(t *testing.T, policy any) trustpolicy.Document {
	t.Helper()
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	var document trustpolicy.Document
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&document); err != nil {
		t.Fatal(err)
	}
	return document
}

// run runs the server's command.
func run(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	binary, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(output), code
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// decode reads one YAML document.
func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// decodeAll reads each document of a file of YAML.
func decodeAll[T any](t *testing.T, path string) []T {
	t.Helper()
	var all []T
	documents, err := yaml.NewLoader(bytes.NewReader(readFile(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		var one T
		if err := documents.Load(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}
