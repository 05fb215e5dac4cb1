package verifier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// A verification is logged once, and a renewal that changes nothing for those who look for it only.
func TestARenewalIsADebugLine(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	for name, tc := range map[string]struct {
		signed  bool
		renewal bool
		level   string
	}{
		"verified":                 {signed: true, level: "INFO"},
		"verified as before":       {signed: true, renewal: true, level: "DEBUG"},
		"refused":                  {level: "INFO"},
		"refused, verified before": {renewal: true, level: "INFO"},
	} {
		s := newShelf()
		if tc.signed {
			s.sign(t, r.signer, ca.SignOptions{})
		}
		var out bytes.Buffer
		log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, log: log}.open(t)
		ctx := t.Context()
		if tc.renewal {
			ctx = provider.WithRenewal(context.WithoutCancel(ctx))
		}
		by, _ := v.Snapshot().Verifier(image)
		verdict, err := by.Verify(ctx, image, ocispec.Descriptor{Digest: image.Digest})
		if err != nil {
			t.Fatal(err)
		}
		var line struct{ Level, Msg, Reason, Signatures string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Level != tc.level || line.Msg != "verification done" || line.Reason != string(verdict.Reason) {
			t.Errorf("%s: %s (%v); want one line at level %s", name, &out, err, tc.level)
		}
	}
}
