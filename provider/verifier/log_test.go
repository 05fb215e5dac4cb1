package verifier_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Each image is checked again every few minutes. A line that says what the log has already would bury the others.
func TestOnlyANewResultIsAnInfoLine(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	s := newShelf()
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, log: log}.open(t)
	by, _ := v.Snapshot().Verifier(image)
	check := func(what string, image provider.Image, level string) {
		t.Helper()
		out.Reset()
		verdict, err := by.Verify(t.Context(), image, ocispec.Descriptor{Digest: image.Digest})
		if err != nil {
			t.Fatal(err)
		}
		var line struct{ Level, Msg, Reason, Signatures string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Level != level || line.Msg != "verification done" || line.Reason != string(verdict.Reason) {
			t.Errorf("%s: %s (%v); want one line at level %s", what, &out, err, level)
		}
	}
	other := image
	other.Repository += "/copy"
	unsigned := s.list
	check("refused", image, "INFO")
	check("refused as before", image, "DEBUG")
	check("another image", other, "INFO")
	s.sign(t, r.signer, ca.SignOptions{})
	check("verified now", image, "INFO")
	check("verified as before", image, "DEBUG")
	s.list = unsigned
	check("refused again", image, "INFO")
}
