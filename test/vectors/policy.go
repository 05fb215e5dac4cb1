package vectors

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
)

// setTrust makes the trust policy and its stores.
func (s *Scene) setTrust() error {
	s.Trust.Stores = map[string][]*x509.Certificate{}
	for _, spec := range s.vector.Trust {
		statement, err := s.statement(spec)
		if err != nil {
			return err
		}
		s.Trust.Policies = append(s.Trust.Policies, statement)
	}
	return nil
}

func (s *Scene) statement(spec Policy) (trustpolicy.TrustPolicy, error) {
	p := trustpolicy.TrustPolicy{
		Name:              cmp.Or(spec.Name, "skao"),
		TrustedIdentities: slices.Clone(spec.Identities),
		SignatureVerification: trustpolicy.SignatureVerification{
			VerificationLevel: cmp.Or(spec.Level, trustpolicy.LevelStrict.Name),
			VerifyTimestamp:   trustpolicy.TimestampOption(spec.VerifyTimestamp),
		},
	}
	for check, action := range spec.Override {
		if p.SignatureVerification.Override == nil {
			p.SignatureVerification.Override = map[trustpolicy.ValidationType]trustpolicy.ValidationAction{}
		}
		p.SignatureVerification.Override[trustpolicy.ValidationType(check)] = trustpolicy.ValidationAction(action)
	}
	if len(p.TrustedIdentities) == 0 {
		p.TrustedIdentities = []string{"*"}
	}
	for _, scope := range defaulted(spec.Scopes, "*") {
		expanded, err := s.expand(scope)
		if err != nil {
			return p, err
		}
		p.RegistryScopes = append(p.RegistryScopes, expanded)
	}
	return p, s.stores(&p, spec)
}

// stores fills the trust stores of a statement.
func (s *Scene) stores(p *trustpolicy.TrustPolicy, spec Policy) error {
	if len(spec.CA)+len(spec.SigningAuthority) == 0 {
		spec.CA = []string{defaultPKI}
	}
	for kind, names := range map[string][]string{"ca": spec.CA, "signingAuthority": spec.SigningAuthority} {
		for _, name := range names {
			cert, err := s.anchor(name)
			if err != nil {
				return err
			}
			s.store(p, kind+":"+name, cert)
		}
	}
	for _, name := range spec.TSA {
		tsa := s.tsas[name]
		if tsa == nil {
			return fmt.Errorf("%q is no TSA", name)
		}
		s.store(p, "tsa:"+name, tsa.Root())
	}
	return nil
}

func (s *Scene) store(p *trustpolicy.TrustPolicy, name string, cert *x509.Certificate) {
	p.TrustStores = append(p.TrustStores, name)
	s.Trust.Stores[name] = []*x509.Certificate{cert}
}

func defaulted(list []string, value string) []string {
	if len(list) == 0 {
		return []string{value}
	}
	return list
}
