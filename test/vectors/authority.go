package vectors

import (
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// defaultPKI signs and is trusted where a case says nothing else.
const defaultPKI = "skao"

// authority is a PKI as a case wants it.
type authority struct {
	*rig.PKI
	spec   PKI
	at     rig.Published // where the root tells what it revoked
	issued []*x509.Certificate
	self   *ca.Identity // of a chain of one
}

// stamper is a timestamp authority as a case wants it.
type stamper struct {
	*rig.TSA
	spec       TSA
	revocation *rig.RevocationServer
	ca         *ca.CA
}

func (s *Scene) setPKIs() error {
	s.pkis[defaultPKI] = &authority{PKI: s.World.SKAO, spec: PKI{Chain: 3}}
	for name, spec := range s.vector.PKIs {
		made, err := s.newAuthority(spec)
		if err != nil {
			return fmt.Errorf("PKI %q: %w", name, err)
		}
		s.pkis[name] = made
	}
	return nil
}

func (s *Scene) newAuthority(spec PKI) (*authority, error) {
	spec.Chain = cmp.Or(spec.Chain, 3)
	opts := rig.PKIOptions{Organization: spec.Organization, KeyType: spec.Keys, CRL: spec.CRL, OCSP: spec.OCSP}
	if strings.HasPrefix(string(spec.Keys), "rsa-") { // one key for all, since they are slow to make
		key, err := spec.Keys.Generate()
		if err != nil {
			return nil, err
		}
		opts.Key = key
	}
	made, err := s.World.NewPKI(opts)
	if err != nil {
		return nil, err
	}
	a := &authority{PKI: made, spec: spec, at: s.World.Endpoints.Publish(made.RootRevocation)}
	switch spec.Chain {
	case 1:
		a.self, err = ca.SelfSigned(ca.Options{Subject: made.Signer.Cert.Subject, KeyType: spec.Keys, Key: opts.Key})
		return a, err
	case 2, 3:
	default:
		return nil, fmt.Errorf("a chain of %d", spec.Chain)
	}
	if spec.Intermediate != (Validity{}) {
		a.Intermediate, err = made.Root.Intermediate(ca.Options{
			Subject:   made.Intermediate.Cert.Subject,
			Key:       made.Intermediate.Key, // its CRL is signed with it
			CRLURLs:   made.Intermediate.Cert.CRLDistributionPoints,
			OCSPURLs:  made.Intermediate.Cert.OCSPServer,
			NotBefore: spec.Intermediate.From.from(s.now),
			NotAfter:  spec.Intermediate.To.from(s.now),
		})
	}
	return a, err
}

// signer issues a leaf, or finds the one there is.
func (a *authority) signer(v Validity, now time.Time) (id *ca.Identity, err error) {
	opts := ca.Options{NotBefore: v.From.from(now), NotAfter: v.To.from(now)}
	switch a.spec.Chain {
	case 1:
		if v != (Validity{}) {
			return nil, errors.New("a leaf of its own, in a chain of one")
		}
		id = a.self
	case 2:
		opts.Subject, opts.Key = a.Signer.Cert.Subject, a.Signer.Key
		if a.spec.CRL {
			opts.CRLURLs = []string{a.at.CRL}
		}
		if a.spec.OCSP {
			opts.OCSPURLs = []string{a.at.OCSP}
		}
		id, err = a.Root.Signer(opts)
	case 3:
		id, err = a.NewSigner(opts)
	}
	if err != nil {
		return nil, err
	}
	a.issued = append(a.issued, id.Cert)
	return id, nil
}

// anchor is the certificate to trust: the root's or, by name, that of one below it.
func (s *Scene) anchor(name string) (*x509.Certificate, error) {
	name, part, _ := strings.Cut(name, ".")
	a := s.pkis[name]
	switch {
	case a == nil:
		return nil, fmt.Errorf("%q is no PKI", name)
	case part == "intermediate":
		return a.Intermediate.Cert, nil
	case part != "":
		return nil, fmt.Errorf("PKI %q has no %q to trust", name, part)
	case a.self != nil:
		return a.self.Cert, nil
	}
	return a.Root.Cert, nil
}

func (s *Scene) setTSAs() error {
	for name, spec := range s.vector.TSAs {
		subject := pkix.Name{Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"Timestamps of " + name}}
		past := s.now.AddDate(-10, 0, 0)
		root, err := ca.NewRoot(ca.Options{Subject: subject, NotBefore: past})
		if err != nil {
			return err
		}
		t := &stamper{spec: spec, revocation: rig.NewRevocationServer(root), ca: root}
		at := s.World.Endpoints.Publish(t.revocation)
		subject.CommonName = "Timestamp Authority"
		opts := ca.Options{Subject: subject, NotBefore: past}
		if spec.CRL {
			opts.CRLURLs = []string{at.CRL}
		}
		if spec.OCSP {
			opts.OCSPURLs = []string{at.OCSP}
		}
		if t.TSA, err = rig.NewTSA(root, opts); err != nil {
			return err
		}
		s.tsas[name] = t
	}
	return nil
}

func pemOf(issuer *ca.CA) []byte { return ca.EncodeCertificates(issuer.Cert) }
