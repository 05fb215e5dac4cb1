package layout

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// authority is a root.
type authority struct{ *ca.CA }

func newAuthority(t *testing.T) authority {
	t.Helper()
	return authority{expect.Must(ca.NewRoot(ca.Options{}))(t)}
}

func (a authority) signer(t *testing.T, commonName string) *x509.Certificate {
	t.Helper()
	return expect.Must(a.Signer(ca.Options{Subject: subject(commonName)}))(t).Cert
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
	return expect.Must(a.CRL(o))(t)
}

// keep makes the CA the first generation of a name.
func (a authority) keep(t *testing.T, f Folder, name string) Generation {
	t.Helper()
	return keep(t, f, name, &a.Identity)
}

func keep(t *testing.T, f Folder, name string, identity *ca.Identity) Generation {
	t.Helper()
	g := expect.Must(f.Next(name, false))(t)
	done(t, f.Create(g, map[string][]byte{
		CertFile:  ca.EncodeCertificates(identity.Cert),
		ChainFile: ca.EncodeCertificates(identity.Chain...),
		KeyFile:   expect.Must(ca.EncodeKey(identity.Key))(t),
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
	intermediate := expect.Must(root.Intermediate(ca.Options{}))(t)
	signer := expect.Must(intermediate.Signer(ca.Options{}))(t)
	g := keep(t, Folder{t.TempDir()}, "signer", signer)
	for _, c := range []struct {
		name  string
		chain []*x509.Certificate
		says  string
	}{
		{"in order", signer.Chain, ""},
		{"to no root", signer.Chain[:2], ""},
		{"root first", []*x509.Certificate{root.Cert, intermediate.Cert, signer.Cert}, "is not issued by the next"},
		{"a gap", []*x509.Certificate{signer.Cert, root.Cert}, "is not issued by the next"},
		{"twice itself", []*x509.Certificate{signer.Cert, signer.Cert}, "is not issued by the next"},
		{"others above", []*x509.Certificate{signer.Cert, intermediate.Cert, newAuthority(t).Cert}, "write them from signer to the root"},
	} {
		done(t, os.WriteFile(g.File(ChainFile), ca.EncodeCertificates(c.chain...), 0o600))
		chain, err := g.Chain()
		if c.says != "" {
			refused(t, c.name, err, g.File(ChainFile), c.says)
		} else if err != nil || len(chain) != len(c.chain) || !chain[0].Equal(signer.Cert) {
			t.Errorf("%s: %d certificates, %v", c.name, len(chain), err)
		}
	}
}

func TestTheKeyIsTheCertificatesOwn(t *testing.T) {
	issuer := newAuthority(t)
	g := issuer.keep(t, Folder{t.TempDir()}, "root")
	if identity := expect.Must(g.Identity(unasked(t)))(t); !identity.Cert.Equal(issuer.Cert) || len(identity.Chain) != 1 {
		t.Errorf("%+v", identity)
	}
	if got := expect.Must(g.CA(unasked(t)))(t); !got.Cert.Equal(issuer.Cert) {
		t.Errorf("%+v", got)
	}
	for _, other := range []ca.KeyType{ca.ECP256, ca.ECP384} {
		key := expect.Must(ca.EncodeKey(expect.Must(other.Generate())(t)))(t)
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
	signer := expect.Must(newAuthority(t).Signer(ca.Options{}))(t)
	g := keep(t, Folder{t.TempDir()}, "signer", signer)
	done(t, os.WriteFile(g.File(KeyFile), expect.Must(ca.EncodeEncryptedKey(signer.Key, []byte("correct horse battery")))(t), 0o600))
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
		return expect.Must(f.Revoked(cert, issuer.Cert))(t)
	}
	// One without a list stands before, and another's list that has the same serial number in it.
	newAuthority(t).keep(t, f, "a-none")
	other := second.keep(t, f, "b-other")
	expect.Must(other.KeepCRL(1, second.list(t, 1, bad, good)))(t)
	g := first.keep(t, f, "c-own")
	if entry := asked(bad, first); entry != nil {
		t.Errorf("another CA's list revokes it: %+v", entry)
	}
	expect.Must(g.KeepCRL(1, first.list(t, 1)))(t)
	if entry := asked(bad, first); entry != nil {
		t.Errorf("before it is revoked: %+v", entry)
	}
	expect.Must(g.KeepCRL(2, first.list(t, 2, bad)))(t)
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
