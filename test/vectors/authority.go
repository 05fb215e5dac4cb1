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
	spec   TSA
	ledger *rig.RevocationServer
	ca     *ca.CA
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
			Key:       made.Intermediate.Key, // its ledger is signed with it
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
		t := &stamper{spec: spec, ledger: rig.NewRevocationServer(root), ca: root}
		at := s.World.Endpoints.Publish(t.ledger)
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

// revoke writes into the ledgers what the case has revoked, when all is signed.
func (s *Scene) revoke() error {
	for name, a := range s.pkis {
		ledgers := []*rig.RevocationServer{a.RootRevocation, a.SignerRevocation}
		if a.spec.Chain == 2 {
			ledgers = []*rig.RevocationServer{a.RootRevocation, a.RootRevocation}
		}
		for _, who := range []struct {
			named  string
			revoke func(*rig.RevocationServer, *x509.Certificate)
		}{
			{a.spec.Revoked, s.strike},
			{a.spec.Unknown, (*rig.RevocationServer).Disown},
		} {
			switch who.named {
			case "":
			case "intermediate":
				who.revoke(ledgers[0], a.Intermediate.Cert)
			case "signer":
				for _, cert := range a.issued {
					who.revoke(ledgers[1], cert)
				}
			default:
				return fmt.Errorf("PKI %q: no certificate %q to revoke: write signer or intermediate", name, who.named)
			}
		}
		if a.spec.Stale {
			ledgers[0].SetValidity(s.now.AddDate(0, 0, -3), s.now.AddDate(0, 0, -1))
			ledgers[1].SetValidity(s.now.AddDate(0, 0, -3), s.now.AddDate(0, 0, -1))
		}
	}
	for name, t := range s.tsas {
		switch t.spec.Revoked {
		case "":
		case "signer":
			s.strike(t.ledger, t.Cert)
		default:
			return fmt.Errorf("TSA %q: no certificate %q to revoke: write signer", name, t.spec.Revoked)
		}
	}
	return nil
}

// impersonate has the ledgers say what they say in another way.
func (s *Scene) impersonate() error {
	for name, a := range s.pkis {
		ledger, issuer := a.SignerRevocation, a.Intermediate
		if a.spec.Chain == 2 {
			ledger, issuer = a.RootRevocation, a.Root
		}
		if err := s.change(a.spec.Revocation, ledger, issuer, a.Signer); err != nil {
			return fmt.Errorf("PKI %q: %w", name, err)
		}
	}
	for name, t := range s.tsas {
		if err := s.change(t.spec.Revocation, t.ledger, t.ca, &t.Identity); err != nil {
			return fmt.Errorf("TSA %q: %w", name, err)
		}
	}
	return nil
}

// change makes a ledger misleading. The leaf is the certificate that it tells about.
func (s *Scene) change(how Revocation, ledger *rig.RevocationServer, issuer *ca.CA, leaf *ca.Identity) error {
	if how.Responder != "" {
		by, err := s.responder(how.Responder, issuer, leaf)
		if err != nil {
			return err
		}
		ledger.SetResponder(by)
	}
	if how.Scope == "" {
		return nil
	}
	extension, ok := scopes()[how.Scope]
	if !ok {
		return fmt.Errorf("%q is no scope of a CRL", how.Scope)
	}
	ledger.SetCRLExtensions(extension)
	return nil
}

func (s *Scene) responder(kind string, issuer *ca.CA, leaf *ca.Identity) (*ca.Identity, error) {
	switch kind {
	case "signer":
		return leaf, nil
	case "tls":
		return issuer.Server(ca.Options{DNSNames: []string{"www.example"}})
	case "responder":
		return issuer.Responder(ca.Options{})
	case "ended":
		return issuer.Responder(ca.Options{NotBefore: s.now.AddDate(-1, 0, 0), NotAfter: s.now.AddDate(0, 0, -30)})
	}
	return nil, fmt.Errorf("%q signs no OCSP responses", kind)
}

// scopes are critical extensions of CRLs (RFC 5280 sections 5.2.4 and 5.2.5).
func scopes() map[string]pkix.Extension {
	limited := func(value ...byte) pkix.Extension {
		return pkix.Extension{Id: []int{2, 5, 29, 28}, Critical: true, Value: append([]byte{0x30, byte(len(value))}, value...)}
	}
	const url = "http://ca.example/other.crl"
	named := append([]byte{0xa0, byte(len(url) + 4), 0xa0, byte(len(url) + 2), 0x86, byte(len(url))}, url...)
	return map[string]pkix.Extension{
		"delta":       {Id: []int{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}},
		"another-url": limited(named...),
		"user":        limited(0x81, 1, 0xff),
		"ca":          limited(0x82, 1, 0xff),
		"attribute":   limited(0x85, 1, 0xff),
		"reasons":     limited(0x83, 2, 3, 8),
		"indirect":    limited(0x84, 1, 0xff),
	}
}

// strike revokes a certificate whose key was stolen an hour ago.
func (s *Scene) strike(ledger *rig.RevocationServer, cert *x509.Certificate) {
	const keyCompromise = 1
	ledger.Revoke(cert, s.now.Add(-time.Hour), keyCompromise)
}

func pemOf(issuer *ca.CA) []byte { return ca.EncodeCertificates(issuer.Cert) }
