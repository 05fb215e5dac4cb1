package vectors

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// revoke revokes at the revocation servers what the case has revoked, when all is signed.
func (s *Scene) revoke() error {
	for name, a := range s.pkis {
		servers := []*rig.RevocationServer{a.RootRevocation, a.SignerRevocation}
		if a.spec.Chain == 2 {
			servers = []*rig.RevocationServer{a.RootRevocation, a.RootRevocation}
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
				who.revoke(servers[0], a.Intermediate.Cert)
			case "signer":
				for _, cert := range a.issued {
					who.revoke(servers[1], cert)
				}
			default:
				return fmt.Errorf("PKI %q: no certificate %q to revoke: write signer or intermediate", name, who.named)
			}
		}
		if a.spec.Stale {
			servers[0].SetValidity(s.now.AddDate(0, 0, -3), s.now.AddDate(0, 0, -1))
			servers[1].SetValidity(s.now.AddDate(0, 0, -3), s.now.AddDate(0, 0, -1))
		}
	}
	for name, t := range s.tsas {
		switch t.spec.Revoked {
		case "":
		case "signer":
			s.strike(t.revocation, t.Cert)
		default:
			return fmt.Errorf("TSA %q: no certificate %q to revoke: write signer", name, t.spec.Revoked)
		}
	}
	return nil
}

// impersonate has the servers say what they say in another way.
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
		if err := s.change(t.spec.Revocation, t.revocation, t.ca, &t.Identity); err != nil {
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
