package verifier_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const (
	signerName = `"CN=Example Signer,O=Example,ST=Example,C=XX"`
	issuerName = `"CN=Example Intermediate CA,O=Example,ST=Example,C=XX"`
)

// toldCase is a signature that is refused, and the detail that says why. The clock starts at midnight of 2000-01-01 UTC.
type toldCase struct {
	how    revocable
	sign   func(*testing.T, *watched)
	trust  func(*testing.T, *watched) rig.Trust // strict, with the root, if nil
	later  time.Duration                        // when it is judged
	reason provider.Reason
	detail string
}

// A refusal tells apart what has different remedies, and says who, when with the zone, and why.
func TestARefusalSaysWhoWhenAndWhy(t *testing.T) {
	for name, c := range toldCases() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &watched{authority: newAuthority(), shelf: newShelf()}
				w.realm = w.lapsing(t, c.how)
				c.sign(t, w)
				trust := trusting(w.root.Cert, trustpolicy.SignatureVerification{})
				if c.trust != nil {
					trust = c.trust(t, w)
				}
				time.Sleep(c.later)
				w.verifier = setup{trust: trust, shelf: w.shelf, authority: w.authority}.open(t)
				verdict, err := verifyNew(t.Context(), t, w.verifier)
				if err != nil || verdict.Reason != c.reason || verdict.Detail != c.detail {
					t.Errorf("%s: %s, %v; want\n%s: %s", verdict.Reason, verdict.Detail, err, c.reason, c.detail)
				}
				if verdict.Policy != "skao" || verdict.Image != image {
					t.Errorf("%+v", verdict)
				}
			})
		})
	}
}

func toldCases() map[string]toldCase {
	plain := func(t *testing.T, w *watched) { t.Helper(); w.shelf.sign(t, w.signer, ca.SignOptions{}) }
	all := map[string]toldCase{
		"nothing":       {sign: func(*testing.T, *watched) {}, reason: provider.Unsigned, detail: "no signature is associated with this digest"},
		"another image": {sign: forOther, reason: provider.Tampered, detail: "the signature is for another image, " + other().Digest.String()},
		"own expiry": {
			sign: func(t *testing.T, w *watched) {
				t.Helper()
				w.shelf.sign(t, w.signer, ca.SignOptions{Expiry: time.Now().Add(time.Hour)})
			},
			later: 2 * time.Hour, reason: provider.Expired, detail: "the signature was valid until 2000-01-01 01:00:00 UTC",
		},
		"certificate's end": {
			sign: plain, later: 7 * time.Hour, reason: provider.Expired,
			detail: "it has no timestamp, and its certificate expired at 2000-01-01 06:00:00 UTC: " + signerName,
		},
		"unknown CA": {
			sign: plain, trust: func(t *testing.T, w *watched) rig.Trust {
				t.Helper()
				return trusting(w.newRealm(t, revocable{}).root.Cert, trustpolicy.SignatureVerification{})
			},
			reason: provider.Untrusted, detail: `its signer's CA is not trusted by policy "skao": ` + signerName,
		},
		"unknown name": {
			sign: plain, trust: func(t *testing.T, w *watched) rig.Trust {
				t.Helper()
				trust := trusting(w.root.Cert, trustpolicy.SignatureVerification{})
				trust.Policies[0].TrustedIdentities = []string{"x509.subject: C=GB, ST=England, O=Mauna"}
				return trust
			},
			reason: provider.Untrusted, detail: `its signer's CA is trusted, but not the name: policy "skao" does not list ` + signerName,
		},
		"signing authority": {
			sign: func(t *testing.T, w *watched) {
				t.Helper()
				w.shelf.sign(t, w.signer, ca.SignOptions{Scheme: signature.SigningSchemeX509SigningAuthority})
			},
			reason: provider.Untrusted, detail: `its signer's CA is not trusted by policy "skao": ` + signerName,
		},
	}
	for name, c := range revokedCases(plain) {
		all[name] = c
	}
	for name, c := range stampedCases() {
		all[name] = c
	}
	return all
}

// forOther puts the signature of another image beside this one.
func forOther(t *testing.T, w *watched) {
	t.Helper()
	envelope := sign(t, w.signer, other(), ca.SignOptions{})
	w.shelf.put(blob{raw: envelope.Raw, mediaType: envelope.MediaType}, envelope.Annotations)
}

func revokedCases(plain func(*testing.T, *watched)) map[string]toldCase {
	revoked := func(ledger func(*watched) *rig.RevocationServer, cert func(*watched) *ca.Identity, code int) func(*testing.T, *watched) {
		return func(t *testing.T, w *watched) {
			t.Helper()
			plain(t, w)
			ledger(w).Revoke(cert(w).Cert, time.Now(), code)
		}
	}
	ofSigner := func(w *watched) *rig.RevocationServer { return w.signerLedger }
	signer := func(w *watched) *ca.Identity { return w.signer }
	const at = "a certificate of its signing chain was revoked at 2000-01-01 00:00:00 UTC"
	cases := map[string]toldCase{
		"revoked intermediate": {
			how: revocable{crl: true}, reason: provider.Revoked, detail: at + " (cACompromise): " + issuerName,
			sign: func(t *testing.T, w *watched) {
				t.Helper()
				plain(t, w)
				w.rootLedger.Revoke(w.intermediate.Cert, time.Now(), 2)
			},
		},
	}
	for _, tc := range []struct {
		code int
		why  string
	}{{0, ""}, {1, " (keyCompromise)"}, {9, " (privilegeWithdrawn)"}} {
		cases["revoked"+tc.why] = toldCase{
			how: revocable{ocsp: true}, sign: revoked(ofSigner, signer, tc.code), reason: provider.Revoked, detail: at + tc.why + ": " + signerName,
		}
	}
	return cases
}

func stampedCases() map[string]toldCase {
	late := func(t *testing.T, w *watched) { // by an authority that is not trusted
		t.Helper()
		w.shelf.sign(t, w.signer, w.newTSA(t, revocable{}).by(time.Now()))
	}
	always := func(t *testing.T, w *watched) rig.Trust {
		t.Helper()
		return stamped(trusting(w.root.Cert, trustpolicy.SignatureVerification{}), w.newTSA(t, revocable{}), trustpolicy.OptionAlways)
	}
	return map[string]toldCase{
		"revoked authority": {
			sign: func(t *testing.T, w *watched) {
				t.Helper()
				tsa := w.newTSA(t, revocable{crl: true})
				tsa.ledger.Revoke(tsa.Cert, time.Now(), 4)
				w.shelf.sign(t, w.signer, tsa.by(time.Now()))
				w.stamps = tsa
			},
			trust: func(t *testing.T, w *watched) rig.Trust {
				t.Helper()
				return stamped(trusting(w.root.Cert, trustpolicy.SignatureVerification{}), w.stamps, trustpolicy.OptionAlways)
			},
			reason: provider.Revoked, detail: provider.DetailTimestampRevoked + `2000-01-01 00:00:00 UTC (superseded): "CN=Example Timestamp Authority,O=Example,ST=Example,C=XX"`,
		},
		"not valid yet": {
			sign: func(t *testing.T, w *watched) {
				t.Helper()
				soon := rig.Must(w.intermediate.Signer(ca.Options{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}))(t)
				w.shelf.sign(t, soon, ca.SignOptions{SigningTime: time.Now().Add(90 * time.Minute)})
			},
			reason: provider.Expired, detail: "its certificate is not valid before 2000-01-01 01:00:00 UTC: " + signerName,
		},
		"timestamp of a stranger": {
			sign: late, later: 7 * time.Hour, reason: provider.Expired,
			detail: "its timestamp does not count, and its certificate expired at 2000-01-01 06:00:00 UTC: " + signerName,
		},
		"no timestamp": {
			sign: func(t *testing.T, w *watched) { t.Helper(); w.shelf.sign(t, w.signer, ca.SignOptions{}) }, trust: always,
			reason: provider.Untrusted, detail: `it has no valid timestamp, which policy "skao" wants of every signature`,
		},
	}
}
