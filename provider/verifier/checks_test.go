package verifier_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

func failed(c provider.Check) bool { return c.Problem != "" && c.Action == "enforce" }

// A refused signature has a check that failed, and a verified one has none.
func TestTheCheckThatFailsIsAmongTheChecks(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	other := target
	other.Digest = digest.FromString("other")
	copied := sign(t, r.signer, other, ca.SignOptions{})
	for _, k := range append(kinds(t, r, stranger), kind{"copied", blob{raw: copied.Raw, mediaType: copied.MediaType}, provider.Tampered, ""}) {
		if k.cause != "" {
			continue
		}
		s := newShelf()
		s.put(k.blob, nil)
		verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t))
		is(t, k.reason, verdict, err)
		checks := verdict.Signatures[0].Checks
		if slices.ContainsFunc(checks, failed) == verdict.Good() || verdict.Good() && checks[len(checks)-1].Name != "artifact" {
			t.Errorf("%s: %s, with the checks %+v", k.name, verdict.Reason, checks)
		}
	}
}

// A check that had nothing to look at does not say that it passed.
func TestAChecksNoteSaysWhatItDidNotLookAt(t *testing.T) {
	a := newAuthority()
	plain, watched := a.newRealm(t, revocable{}), a.newRealm(t, revocable{crl: true})
	tsa := a.newTSA(t, revocable{})
	for _, c := range []struct {
		name string
		of   *realm
		opts ca.SignOptions
		when trustpolicy.TimestampOption
		want []string
	}{
		{"nothing", plain, ca.SignOptions{}, trustpolicy.OptionAfterCertExpiry, []string{"expiry: the signature has no end", "authenticTimestamp: no timestamp", "revocation: not asked"}},
		{"an expiry", plain, ca.SignOptions{Expiry: time.Now().Add(time.Hour)}, trustpolicy.OptionAfterCertExpiry, []string{"authenticTimestamp: no timestamp", "revocation: not asked"}},
		{"a CRL", watched, ca.SignOptions{Expiry: time.Now().Add(time.Hour)}, trustpolicy.OptionAfterCertExpiry, []string{"authenticTimestamp: no timestamp"}},
		{"a timestamp", watched, tsa.by(time.Now()), trustpolicy.OptionAlways, []string{"expiry: the signature has no end"}},
		{"not looked at", watched, tsa.by(time.Now()), trustpolicy.OptionAfterCertExpiry, []string{"expiry: the signature has no end", "authenticTimestamp: the timestamp was not verified"}},
	} {
		s := newShelf()
		s.sign(t, c.of.signer, c.opts)
		trusted := stamped(trusting(c.of.root.Cert, trustpolicy.SignatureVerification{}), tsa, c.when)
		verdict, err := verifyNew(t.Context(), t, setup{trust: trusted, shelf: s, authority: a}.open(t))
		is(t, provider.Verified, verdict, err)
		var notes []string
		for _, check := range verdict.Signatures[0].Checks {
			if check.Note != "" {
				notes = append(notes, check.Name+": "+check.Note)
			}
		}
		if !slices.EqualFunc(notes, c.want, strings.HasPrefix) {
			t.Errorf("%s: noted is %q; want %q", c.name, notes, c.want)
		}
	}
}
