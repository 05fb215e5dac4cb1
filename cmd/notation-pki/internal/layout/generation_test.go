package layout

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// authority is a root.
type authority struct{ *ca.CA }

func newAuthority(t *testing.T) authority {
	t.Helper()
	return authority{must[*ca.CA](t)(ca.NewRoot(ca.Options{}))}
}

func (a authority) signer(t *testing.T, commonName string) *x509.Certificate {
	t.Helper()
	return must[*ca.Identity](t)(a.Signer(ca.Options{Subject: subject(commonName)})).Cert
}

func subject(commonName string) pkix.Name {
	return pkix.Name{Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"}, CommonName: commonName}
}

func (a authority) list(t *testing.T, number int64, revoked ...*x509.Certificate) []byte {
	t.Helper()
	o := ca.CRLOptions{Number: number}
	for _, cert := range revoked {
		o.Revoked = append(o.Revoked, x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: time.Now(), ReasonCode: 4})
	}
	return must[[]byte](t)(a.CRL(o))
}

// keep makes the CA the first generation of a name.
func (a authority) keep(t *testing.T, f Folder, name string) Generation {
	t.Helper()
	return keep(t, f, name, &a.Identity)
}

func keep(t *testing.T, f Folder, name string, identity *ca.Identity) Generation {
	t.Helper()
	g := must[Generation](t)(f.Next(name, false))
	done(t, f.Create(g, map[string][]byte{
		CertFile:  ca.EncodeCertificates(identity.Cert),
		ChainFile: ca.EncodeCertificates(identity.Chain...),
		KeyFile:   must[[]byte](t)(ca.EncodeKey(identity.Key)),
	}))
	return g
}

// unasked is a passphrase source that must not be used.
func unasked(t *testing.T) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("the passphrase is asked for")
		return nil, nil
	}
}

func TestAChainInAnotherOrderIsRefused(t *testing.T) {
	root := newAuthority(t)
	intermediate := must[*ca.CA](t)(root.Intermediate(ca.Options{}))
	signer := must[*ca.Identity](t)(intermediate.Signer(ca.Options{}))
	g := keep(t, Folder{t.TempDir()}, "signer", signer)
	for name, c := range map[string]struct {
		chain []*x509.Certificate
		says  string
	}{
		"in order":     {signer.Chain, ""},
		"to no root":   {signer.Chain[:2], ""},
		"root first":   {[]*x509.Certificate{root.Cert, intermediate.Cert, signer.Cert}, "is not issued by the next"},
		"a gap":        {[]*x509.Certificate{signer.Cert, root.Cert}, "is not issued by the next"},
		"twice itself": {[]*x509.Certificate{signer.Cert, signer.Cert}, "is not issued by the next"},
		"others above": {[]*x509.Certificate{signer.Cert, intermediate.Cert, newAuthority(t).Cert}, "write them from signer to the root"},
	} {
		done(t, os.WriteFile(g.File(ChainFile), ca.EncodeCertificates(c.chain...), 0o600))
		chain, err := g.Chain()
		if c.says != "" {
			refused(t, name, err, g.File(ChainFile), c.says)
		} else if err != nil || len(chain) != len(c.chain) || !chain[0].Equal(signer.Cert) {
			t.Errorf("%s: %d certificates, %v", name, len(chain), err)
		}
	}
}

func TestTheKeyIsTheCertificatesOwn(t *testing.T) {
	issuer := newAuthority(t)
	g := issuer.keep(t, Folder{t.TempDir()}, "root")
	if identity := must[*ca.Identity](t)(g.Identity(unasked(t))); !identity.Cert.Equal(issuer.Cert) || len(identity.Chain) != 1 {
		t.Errorf("%+v", identity)
	}
	if got := must[*ca.CA](t)(g.CA(unasked(t))); !got.Cert.Equal(issuer.Cert) {
		t.Errorf("%+v", got)
	}
	for _, other := range []ca.KeyType{ca.ECP256, ca.ECP384} {
		key := must[[]byte](t)(ca.EncodeKey(must[crypto.Signer](t)(other.Generate())))
		done(t, os.WriteFile(g.File(KeyFile), key, 0o600))
		_, err := g.Identity(unasked(t))
		refused(t, string(other), err, g.File(KeyFile)+" is not the key of "+g.File(ChainFile))
		_, err = g.CA(unasked(t))
		refused(t, string(other), err, "is not the key of")
	}
	done(t, os.Remove(g.File(KeyFile)))
	_, err := g.Identity(unasked(t))
	refused(t, "no key", err, "its key lives elsewhere")
}

func TestASignerIsNoCAAndItsPassphraseIsNotAskedFor(t *testing.T) {
	signer := must[*ca.Identity](t)(newAuthority(t).Signer(ca.Options{}))
	g := keep(t, Folder{t.TempDir()}, "signer", signer)
	done(t, os.WriteFile(g.File(KeyFile), must[[]byte](t)(ca.EncodeEncryptedKey(signer.Key, []byte("correct horse battery"))), 0o600))
	_, err := g.CA(unasked(t))
	refused(t, "a signer", err, "signer/1 is no CA")
}

func TestAKeyThatAnyoneElseMayTouchIsNotUsed(t *testing.T) {
	g := newAuthority(t).keep(t, Folder{t.TempDir()}, "root")
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666} {
		done(t, os.Chmod(g.File(KeyFile), mode))
		_, err := g.Identity(unasked(t))
		if mode&0o077 == 0 {
			done(t, err)
			continue
		}
		refused(t, mode.String(), err, g.File(KeyFile)+" can be read by others", fmt.Sprintf("mode %04o", mode), "chmod 600 "+g.File(KeyFile))
	}
}

func TestTheNewestListOfTheIssuerTellsWhatIsRevoked(t *testing.T) {
	f := Folder{t.TempDir()}
	first, second := newAuthority(t), newAuthority(t) // of one name
	bad, good := first.signer(t, "Bad"), first.signer(t, "Good")
	asked := func(cert *x509.Certificate, issuer authority) *x509.RevocationListEntry {
		t.Helper()
		return must[*x509.RevocationListEntry](t)(f.Revoked(cert, issuer.Cert))
	}
	// One without a list stands before, and another's list that has the same serial number in it.
	newAuthority(t).keep(t, f, "a-none")
	other := second.keep(t, f, "b-other")
	must[string](t)(other.KeepCRL(1, second.list(t, 1, bad, good)))
	g := first.keep(t, f, "c-own")
	if entry := asked(bad, first); entry != nil {
		t.Errorf("another CA's list revokes it: %+v", entry)
	}
	must[string](t)(g.KeepCRL(1, first.list(t, 1)))
	if entry := asked(bad, first); entry != nil {
		t.Errorf("before it is revoked: %+v", entry)
	}
	must[string](t)(g.KeepCRL(2, first.list(t, 2, bad)))
	if entry := asked(bad, first); entry == nil || entry.SerialNumber.Cmp(bad.SerialNumber) != 0 || entry.ReasonCode != 4 {
		t.Errorf("when it is revoked: %+v", entry)
	}
	if entry := asked(good, first); entry != nil {
		t.Errorf("one beside it: %+v", entry)
	}
	done(t, os.WriteFile(g.File("crl/3.crl"), []byte("x"), 0o600))
	_, err := f.Revoked(bad, first.Cert)
	refused(t, "a damaged list", err, "3.crl")
}
