package gatekeeper_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// request is what Gatekeeper sends for keys, which are JSON strings.
func request(keys ...string) string {
	return `{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderRequest","request":{"keys":[` + strings.Join(keys, ",") + `]}}`
}

func TestTheThreeOutcomesOnTheWire(t *testing.T) {
	d := newDoor()
	good := verified()
	good.Verdict.SignerIdentity, good.Verdict.Metadata = map[string][]string{"OU": {"b", "a"}, "CN": {"SKAO OCI Signer"}}, map[string]string{"vetted": "SEC-142"}
	d.findings["good"] = good
	d.findings["bad"] = refused(provider.Unsigned, "no signature is associated with x")
	d.findings["slow"] = undecided(provider.CauseDeadline, "not settled in time")
	d.findings["down"] = undecided(provider.CauseRegistry, "the registry answered 500")
	w := d.send(http.MethodPost, "/validate", "application/json; charset=utf-8", request(`"slow"`, `"good"`, `"bad"`, `"down"`))
	if w.Code != http.StatusOK {
		t.Errorf("status %d; want 200", w.Code)
	}
	same(t, w, `{
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse",
		"response": {
			"idempotent": true,
			"items": [
				{"key": "good", "value": {
					"verified": true, "image": "harbor.skao.int/production/ska-tango@`+digest+`", "digest": "`+digest+`",
					"policy": "skao", "signer": "CN=SKAO OCI Signer,O=SKAO,ST=Cheshire,C=GB",
					"signerIdentity": {"CN": ["SKAO OCI Signer"], "OU": ["b", "a"]}, "metadata": {"vetted": "SEC-142"},
					"signedAt": "2026-07-01T10:00:00Z", "until": "2027-01-02T03:04:05Z", "warnings": []}},
				{"key": "bad", "error": "unsigned: no signature is associated with x"}],
			"systemError": "undecided: slow: deadline: not settled in time; undecided: down: registry: the registry answered 500"}}`)
	if strings.Contains(w.Body.String(), "10.0.0.1") {
		t.Error("the answer holds what is for the log")
	}
	if !strings.Contains(d.log.String(), "10.0.0.1") || !strings.Contains(d.log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("the log lacks the cause, or the request's ID:\n%s", &d.log)
	}
	if len(d.found) != 4 || !slices.Equal(d.observed, []string{"/validate 200"}) {
		t.Errorf("told of %d findings and %q", len(d.found), d.observed)
	}
}

func TestARefusalNamesTheDigestThatWasJudged(t *testing.T) {
	d := newDoor()
	f := refused(provider.Untrusted, "signed by a stranger")
	f.Verdict.Image = verified().Verdict.Image
	d.findings["harbor.skao.int/production/ska-tango:1"] = f
	w := d.send(http.MethodPost, "/validate", "application/json", request(`"harbor.skao.int/production/ska-tango:1"`))
	same(t, w, `{
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse",
		"response": {"idempotent": true, "items": [{"key": "harbor.skao.int/production/ska-tango:1",
			"error": "untrusted: harbor.skao.int/production/ska-tango@`+digest+`: signed by a stranger"}]}}`)
}

// A verdict without a bound has no until, and each warning is one line.
func TestUntilIsLeftOutWithoutABound(t *testing.T) {
	d := newDoor()
	f := verified()
	f.Verdict.Until, f.Verdict.SignedAt = time.Time{}, time.Time{}
	f.Verdict.Warnings = []string{"expiry: the signature expired", "revocation:\nunknown"}
	f.Verdict.Signer = "CN=\x1b[31mred"
	d.findings["good"] = f
	w := d.send(http.MethodPost, "/validate", "application/json", request(`"good"`))
	same(t, w, `{
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse",
		"response": {"idempotent": true, "items": [{"key": "good", "value": {
			"verified": true, "image": "harbor.skao.int/production/ska-tango@`+digest+`", "digest": "`+digest+`",
			"policy": "skao", "signer": "CN=\ufffd[31mred", "signerIdentity": {}, "metadata": {},
			"warnings": ["expiry: the signature expired", "revocation:\ufffdunknown"]}}]}}`)
}

func TestKeysAreEchoedByteForByteOnTheWire(t *testing.T) {
	keys := []string{"a\u2028b<&>", "\x00\x1b[31m\r\n", " pad ", "e\u0301é", "\ufffd"}
	for _, path := range []string{"/validate", "/mutate"} {
		response, _ := newDoor().ask(t, path, keys...)
		for i, item := range response.Response.Items {
			if item.Key != keys[i] {
				t.Errorf("%s: key %q came back as %q", path, keys[i], item.Key)
			}
		}
		if len(response.Response.Items) != len(keys) {
			t.Errorf("%s: %d items for %d keys", path, len(response.Response.Items), len(keys))
		}
	}
}

func TestWhatOthersWroteComesOutAsOneBoundedLine(t *testing.T) {
	endless := strings.Repeat("🦊", 2000)
	for _, tc := range []struct{ name, text string }{
		{"newline", "a\nkubectl: all is well"}, {"ESC", "\x1b[2J\x1b]0;x\x07"}, {"C1", "a\u009b31m"}, {"NUL", "a\x00b"}, {"CR", "good\rbad"},
		{"bidi", "a\u202eb"}, {"line separator", "a\u2028b"}, {"zero width", "a\u200bb"}, {"invalid UTF-8", "a\xff\xfe"}, {"endless", endless},
	} {
		d := newDoor()
		d.findings["bad"] = refused(provider.Tampered, tc.text)
		d.findings["slow"] = undecided(provider.CauseInternal, tc.text)
		response, _ := d.ask(t, "/validate", "bad", "slow") // ask looks for what is not printable
		for _, line := range []string{response.Response.Items[0].Error, response.Response.SystemError} {
			if n := len(line); n > 600 {
				t.Errorf("%s: a line of %d bytes", tc.name, n)
			}
		}
	}
	d := newDoor()
	key := "k" + strings.Repeat("\x1b", 600)
	d.findings[key] = undecided(provider.CauseRegistry, "down")
	response, _ := d.ask(t, "/validate", key) // the key itself is in the systemError
	if got := response.Response.SystemError; len(got) > 600 || !strings.HasSuffix(got, "…: registry: down") {
		t.Errorf("systemError %q; want the key cut short", got)
	}
	if d.log.Len() > 4000 {
		t.Errorf("the log has %d bytes for it", d.log.Len())
	}
}

func TestARefusalsErrorIsNeverEmpty(t *testing.T) {
	for _, reason := range append(provider.Reasons(), "") {
		if reason == provider.Verified {
			continue
		}
		d := newDoor()
		d.findings["x"] = refused(reason, "")
		response, _ := d.ask(t, "/validate", "x")
		item := response.Response.Items[0]
		if item.Error == "" || item.Value != nil {
			t.Errorf("a refusal %q without a detail is %+v, which Gatekeeper takes for good", reason, item)
		}
		if reason != "" && item.Error != string(reason)+": " {
			t.Errorf("error %q; want it to start with its reason, %s", item.Error, reason)
		}
	}
}

func TestErrBeatsAGoodVerdict(t *testing.T) {
	d := newDoor()
	f := verified()
	f.Err = provider.Undecided(provider.CauseInternal, nil, "odd")
	d.findings["x"] = f
	if response, _ := d.ask(t, "/validate", "x"); len(response.Response.Items) != 0 || response.Response.SystemError == "" {
		t.Errorf("a finding with an error beside its verdict is %+v; want undecided", response.Response)
	}
}

func TestPinsOnTheWire(t *testing.T) {
	d := newDoor()
	d.pins["x:1"] = provider.Pinned{Image: "x:1@" + digest}
	d.pins["out.example/x"] = provider.Pinned{Image: "out.example/x"}
	d.pins["gone"] = provider.Pinned{Problem: "not-found: the registry has\nno gone"}
	d.pins["both"] = provider.Pinned{Image: "x", Problem: "undecided: overload: too much"}
	w := d.send(http.MethodPost, "/mutate", "application/json", request(`"x:1"`, `"out.example/x"`, `"gone"`, `"both"`, `""`))
	if w.Code != http.StatusOK {
		t.Errorf("status %d; want 200, or Gatekeeper reads no items", w.Code)
	}
	same(t, w, `{
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse",
		"response": {"idempotent": true, "items": [
			{"key": "x:1", "value": "x:1@`+digest+`"},
			{"key": "out.example/x", "value": "out.example/x"},
			{"key": "gone", "error": "not-found: the registry has\ufffdno gone"},
			{"key": "both", "error": "undecided: overload: too much"},
			{"error": "malformed: not an image reference"}]}}`)
}

func TestWhatRegoMakesOfIt(t *testing.T) {
	d := newDoor()
	d.findings["good"] = verified()
	d.findings["bad"] = refused(provider.Revoked, "the certificate is revoked")
	d.findings["slow"] = undecided(provider.CauseDeadline, "not settled in time")
	response, status := d.ask(t, "/validate", "good", "bad", "slow")
	rego := externaldata.NewRegoResponse(status, &response)
	if len(rego.Responses) != 1 || rego.Responses[0][0] != "good" {
		t.Errorf("responses %v; want good's alone", rego.Responses)
	}
	if value, ok := rego.Responses[0][1].(map[string]any); !ok || value["verified"] != true {
		t.Errorf("good's value is %v", rego.Responses[0][1])
	}
	if len(rego.Errors) != 1 || rego.Errors[0][0] != "bad" || rego.Errors[0][1] != "revoked: the certificate is revoked" {
		t.Errorf("errors %v; want bad's alone", rego.Errors)
	}
	if rego.StatusCode != 200 || rego.SystemError != "undecided: slow: deadline: not settled in time" {
		t.Errorf("status %d, system error %q", rego.StatusCode, rego.SystemError)
	}
	if _, err := externaldata.PrepareRegoResponse(rego); err != nil {
		t.Error(err)
	}
}
