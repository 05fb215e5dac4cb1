package revocation

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

func authority(t testing.TB) *ca.CA {
	t.Helper()
	issuer, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

// What crypto/x509 reads in a list, we read in it too, entry for entry; and nothing makes us panic.
func FuzzListReadsAsInX509(f *testing.F) {
	issuer := authority(f)
	for _, revoked := range [][]x509.RevocationListEntry{nil, {{SerialNumber: big.NewInt(1), RevocationTime: time.Unix(1e9, 0), ReasonCode: 1}, {SerialNumber: big.NewInt(-300), RevocationTime: time.Unix(1e9, 0)}}} {
		for _, extra := range [][]pkix.Extension{nil, {{Id: oidIssuingDistributionPoint, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}}}, {{Id: oidDeltaCRLIndicator, Critical: true, Value: []byte{2, 1, 1}}}} {
			der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
				RevokedCertificateEntries: revoked, Number: big.NewInt(1), ThisUpdate: time.Unix(1e9, 0), NextUpdate: time.Unix(2e9, 0), ExtraExtensions: extra,
			}, issuer.Cert, issuer.Key)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(der)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		ours, err := parseList(der)
		if err != nil {
			return
		}
		var serials [][]byte
		unreadable := ours.each(func(e entry) bool {
			serials = append(serials, e.serial)
			e.revocation()
			return true
		})
		theirs, err := x509.ParseRevocationList(der)
		if err != nil || unreadable != nil {
			return
		}
		if !bytes.Equal(ours.RawIssuer, theirs.RawIssuer) || !ours.NextUpdate.Equal(theirs.NextUpdate) || !ours.ThisUpdate.Equal(theirs.ThisUpdate) ||
			!bytes.Equal(ours.RawTBSRevocationList, theirs.RawTBSRevocationList) || len(serials) != len(theirs.RevokedCertificateEntries) {
			t.Fatalf("read otherwise than by crypto/x509")
		}
		for i, entry := range theirs.RevokedCertificateEntries {
			if len(ours.find(&x509.Certificate{SerialNumber: entry.SerialNumber})) == 0 || !bytes.Equal(serials[i], contents(entry.SerialNumber)) {
				t.Fatalf("entry %d, %s, is not found", i, entry.SerialNumber)
			}
		}
	})
}

// A response that counts is one that the CA signed as it is; and nothing makes us panic.
func FuzzResponseIsTheCAsWord(f *testing.F) {
	issuer := authority(f)
	signer, err := issuer.Signer(ca.Options{})
	if err != nil {
		f.Fatal(err)
	}
	responder, err := issuer.Responder(ca.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, by := range []*ca.Identity{&issuer.Identity, responder, signer} {
		for _, embedded := range []*x509.Certificate{nil, by.Cert} {
			der, err := ocsp.CreateResponse(issuer.Cert, by.Cert, ocsp.Response{
				Status: ocsp.Good, SerialNumber: signer.Cert.SerialNumber, IssuerHash: crypto.SHA1, Certificate: embedded, ThisUpdate: time.Now(), NextUpdate: time.Now().AddDate(1, 0, 0),
			}, by.Key)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(der)
		}
	}
	checker, err := New(Options{Transport: &http.Transport{}, MaxAge: time.Hour})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		response, err := checker.responders.read(t.Context(), der, signer.Cert, issuer.Cert)
		if err != nil {
			return
		}
		if response.CheckSignatureFrom(issuer.Cert) != nil && response.CheckSignatureFrom(responder.Cert) != nil {
			t.Fatal("counts, and the CA did not sign it")
		}
	})
}
