package gatekeeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// FuzzFindingsAreEncodedAsJSONEncodesThem holds answers that are put together, of items that
// were encoded before and of others, to what encoding/json makes of Gatekeeper's own types.
func FuzzFindingsAreEncodedAsJSONEncodesThem(f *testing.F) {
	f.Add("harbor.skao.int/a:1", "CN=é\"<&>\\,O=x\u2028", "w\x00\xff", int64(0), int64(1))
	f.Fuzz(func(t *testing.T, key, signer, warning string, a, b int64) {
		image := provider.Image{Host: "h.io", Repository: "h.io/x/y", Digest: "sha256:00"}
		findings := []provider.Finding{
			{Key: key, Verdict: provider.Verdict{Reason: provider.Verified, Image: image, Policy: signer, Signer: signer, SignerIdentity: map[string][]string{"CN": {signer, key}}, Metadata: map[string]string{key: signer, "b": warning}, SignedAt: time.Unix(a%1e10, 0), Until: time.Unix(b%1e10, 0), Warnings: []string{warning, key}}},
			{Key: signer, Verdict: provider.Verdict{Reason: provider.Verified, Image: image}},
			{Key: key, Err: provider.Undecided(provider.CauseInternal, errors.New("x"), "%s", warning)},
			{Key: warning, Verdict: provider.Verdict{Reason: provider.Unsigned, Image: image, Detail: warning}},
		}
		for i := range findings { // as they come from memory
			f := findings[i]
			if f.Err == nil {
				f.Verdict.Item = EncodeVerdict(&f.Verdict)
			}
			f.Key = warning
			findings = append(findings, f)
		}
		for n := range len(findings) + 1 {
			var want bytes.Buffer
			if err := json.NewEncoder(&want).Encode(responseOf(findings[:n])); err != nil {
				t.Fatal(err)
			}
			got := answers.New().(*answer)
			if got.add(findings[:n], "ID"); !bytes.Equal(got.text.Bytes(), want.Bytes()) {
				t.Fatalf("got  %s\nwant %s", &got.text, &want)
			}
		}
	})
}

// responseOf maps findings onto the protocol's own types.
func responseOf(findings []provider.Finding) externaldata.ProviderResponse {
	response := externaldata.Response{Idempotent: true, SystemError: systemError(findings, "ID")}
	for i := range findings {
		f := &findings[i]
		switch {
		case f.Err != nil:
		case f.Verdict.Good():
			response.Items = append(response.Items, externaldata.Item{Key: f.Key, Value: wantValue(&f.Verdict)})
		default:
			response.Items = append(response.Items, externaldata.Item{Key: f.Key, Error: refusal(&f.Verdict)})
		}
	}
	return externaldata.ProviderResponse{APIVersion: APIVersion, Kind: externaldata.ProviderResponseKind, Response: response}
}

func wantValue(v *provider.Verdict) Value {
	value := Value{
		Verified:       true,
		Image:          v.Image.At(v.Image.Digest).String(),
		Digest:         v.Image.Digest.String(),
		Policy:         v.Policy,
		Signer:         oneLine(v.Signer),
		SignerIdentity: map[string][]string{},
		Metadata:       map[string]string{},
		SignedAt:       stamp(v.SignedAt),
		Until:          stamp(v.Until),
		Warnings:       []string{},
	}
	maps.Copy(value.SignerIdentity, v.SignerIdentity)
	maps.Copy(value.Metadata, v.Metadata)
	for _, w := range v.Warnings {
		value.Warnings = append(value.Warnings, oneLine(w))
	}
	return value
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
