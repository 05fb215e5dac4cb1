package verdicts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
)

// heard is a call of keys with what a provider answered, in JSON.
func heard(t *testing.T, status int, response string, keys ...string) engine.Call {
	t.Helper()
	var body externaldata.ProviderResponse
	if err := json.Unmarshal([]byte(`{"response": `+response+`}`), &body); err != nil {
		t.Fatal(err)
	}
	return engine.Call{Provider: "p", Keys: keys, Response: *externaldata.NewRegoResponse(status, &body)}
}

func recordAll(t *testing.T, calls ...engine.Call) (*verdicts.File, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "verdicts.yaml")
	recorder, err := verdicts.NewRecorder(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range calls {
		recorder.Record(call)
	}
	if err := recorder.Write(); err != nil {
		return nil, "", err
	}
	file, err := verdicts.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file, string(text), nil
}

const ours = `{"verified": true, "image": "r.io/a@sha256:1", "digest": "sha256:1", "policy": "skao", "signer": "CN=S", "signerIdentity": {"CN": ["S"]}, "metadata": {"vetted": "SEC-1"}, "signedAt": "2026-01-02T03:04:05Z", "until": "2027-01-02T03:04:05Z", "warnings": ["late"]}`

// What was heard is written as a person would write it, and replayed as it was.
func TestRecordingIsReadableAndReplays(t *testing.T) {
	for _, c := range []struct {
		sentence string
		status   int
		response string
		keys     []string
		written  string
	}{
		{"a verified image", 200, `{"items": [{"key": "r.io/a:1", "value": ` + ours + `}]}`, []string{"r.io/a:1"}, "verified:"},
		{"with conditions", 200, `{"items": [{"key": "r.io/a:1?metadata.vetted=SEC-1", "value": ` + ours + `}]}`, []string{"r.io/a:1?metadata.vetted=SEC-1"}, "vetted: SEC-1"},
		{"of a provider without them", 200, `{"items": [{"key": "r.io/a:1", "value": ` + strings.Replace(ours, `"metadata": {"vetted": "SEC-1"},`, "", 1) + `}]}`, []string{"r.io/a:1"}, "value:"},
		{"a value of another kind", 200, `{"items": [{"key": "r.io/a:1", "value": {"critical": 1}}]}`, []string{"r.io/a:1"}, "value:"},
		{"a value that is nearly ours", 200, `{"items": [{"key": "r.io/a:1", "value": {"verified": true}}]}`, []string{"r.io/a:1"}, "value:"},
		{"a value of none", 200, `{"items": [{"key": "r.io/a:1"}]}`, []string{"r.io/a:1"}, "value: null"},
		{"our value of a key of others", 200, `{"items": [{"key": "NO IMAGE", "value": ` + ours + `}]}`, []string{"NO IMAGE"}, "value:"},
		{"a refusal", 200, `{"items": [{"key": "a", "error": "unsigned: no: signature"}]}`, []string{"a"}, "reason: unsigned"},
		{"an error of another kind", 200, `{"items": [{"key": "a", "error": "no: way"}]}`, []string{"a"}, "error: 'no: way'"},
		{"silence", 200, `{}`, []string{"a"}, "a: silent"},
		{"one undecided", 200, `{"systemError": "undecided: a: registry: it said: 500; really"}`, []string{"a"}, "cause: registry"},
		{"two undecided, and a verdict", 200, `{"items": [{"key": "b", "error": "expired: long ago"}], "systemError": "undecided: a: registry: down; and out; undecided: c: deadline: late"}`, []string{"a", "b", "c"}, "cause: deadline"},
		{"overload", 503, `{"systemError": "undecided: a: overload: too much"}`, []string{"a"}, "status: 503"},
		{"a system error of its own", 200, `{"items": [{"key": "a", "error": "x"}], "systemError": "tired"}`, []string{"a", "b"}, "systemError: tired"},
		{"one beside full answers", 200, `{"items": [{"key": "a", "error": "x"}], "systemError": "tired"}`, []string{"a"}, "systemError: tired"},
		{"keys that are asked twice", 200, `{"items": [{"key": "a", "error": "x"}]}`, []string{"a", "a"}, "error: x"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			_, text, err := recordAll(t, heard(t, c.status, c.response, c.keys...))
			if err != nil {
				t.Fatal(err) // the recorder itself compares what it replays
			}
			if !strings.Contains(text, c.written) {
				t.Errorf("%q is not in: %s", c.written, text)
			}
		})
	}
}

func TestWhatCannotBeReplayedIsNotWritten(t *testing.T) {
	refused := heard(t, 200, `{"items": [{"key": "a", "error": "x"}]}`, "a")
	for _, c := range []struct {
		sentence string
		calls    []engine.Call
		want     string
	}{
		{"an answer to another question", []engine.Call{heard(t, 200, `{"items": [{"key": "b", "error": "x"}]}`, "a")}, "cannot be recorded"},
		{"two answers to one question", []engine.Call{heard(t, 200, `{"items": [{"key": "a", "error": "x"}, {"key": "a", "error": "y"}]}`, "a")}, "cannot be recorded"},
		{"an answer that changed", []engine.Call{refused, heard(t, 200, `{"items": [{"key": "a", "error": "y"}]}`, "a")}, `answered "a" in two ways`},
		{"nothing", nil, "no live provider answered"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			if _, _, err := recordAll(t, c.calls...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, _, err := recordAll(t, refused, refused); err != nil {
		t.Errorf("the same answer twice: %v", err)
	}
}
