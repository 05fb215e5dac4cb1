package rig_test

import (
	"crypto/x509"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/result"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// revocable is a signer whose issuer answers by one method on loopback.
func revocable(t *testing.T, method string) (*rig.RevocationServer, *ca.Identity) {
	t.Helper()
	root := rig.Must(ca.NewRoot(ca.Options{}))(t)
	server := rig.NewRevocationServer(root)
	crl := httptest.NewServer(server.CRLHandler())
	t.Cleanup(crl.Close)
	responder := httptest.NewServer(server.OCSPHandler())
	t.Cleanup(responder.Close)

	opts := ca.Options{}
	if method != "ocsp" {
		opts.CRLURLs = []string{crl.URL}
	}
	if method != "crl" {
		opts.OCSPURLs = []string{responder.URL}
	}
	return server, rig.Must(root.Signer(opts))(t)
}

// check asks notation's own validator about the signer.
func check(t *testing.T, signer *ca.Identity) *result.CertRevocationResult {
	t.Helper()
	validator := rig.Must(revocation.NewWithOptions(revocation.Options{}))(t)
	results := rig.Must(validator.ValidateContext(t.Context(),
		revocation.ValidateContextOptions{CertChain: signer.Chain}))(t)
	return results[0]
}

func TestNotationReadsRevocations(t *testing.T) {
	for _, method := range []string{"crl", "ocsp"} {
		t.Run(method, func(t *testing.T) {
			server, signer := revocable(t, method)
			expect := func(story string, want result.Result) {
				t.Helper()
				if got := check(t, signer); got.Result != want {
					t.Errorf("%s: %s, want %s: %v", story, got.Result, want, got.ServerResults[0].Error)
				}
			}
			expect("new", result.ResultOK)
			server.Revoke(signer.Cert, time.Now().Add(-time.Hour), 1)
			expect("revoked", result.ResultRevoked)
			server.Reinstate(signer.Cert)
			expect("reinstated", result.ResultOK)
			server.SetValidity(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
			expect("stale", result.ResultUnknown)
			server.SetValidity(time.Time{}, time.Time{})
			expect("fresh again", result.ResultOK)
		})
	}
}

func TestDisownedCertificateFallsBackToCRL(t *testing.T) {
	server, signer := revocable(t, "ocsp")
	server.Disown(signer.Cert)
	if got := check(t, signer).Result; got != result.ResultUnknown {
		t.Errorf("by OCSP alone: %s", got)
	}
	server, signer = revocable(t, "both")
	server.Disown(signer.Cert)
	if got := check(t, signer); got.Result != result.ResultOK || got.RevocationMethod != result.RevocationMethodOCSPFallbackCRL {
		t.Errorf("with a CRL beside it: %s by %v", got.Result, got.RevocationMethod)
	}
}

func TestOCSPDoesNotSpeakForAnotherCA(t *testing.T) {
	_, mine := revocable(t, "ocsp")
	stranger := rig.Must(ca.NewRoot(ca.Options{}))(t)
	theirs := rig.Must(stranger.Signer(ca.Options{OCSPURLs: mine.Cert.OCSPServer}))(t)
	if got := check(t, theirs).Result; got != result.ResultUnknown {
		t.Errorf("the responder vouches for a stranger's certificate: %s", got)
	}
}

func TestCRLNumbersRise(t *testing.T) {
	server := rig.NewRevocationServer(rig.Must(ca.NewRoot(ca.Options{}))(t))
	for want := range int64(3) {
		list := rig.Must(x509.ParseRevocationList(rig.Must(server.CRL())(t)))(t)
		if list.Number.Int64() != want+1 {
			t.Errorf("number %s, want %d", list.Number, want+1)
		}
	}
}
