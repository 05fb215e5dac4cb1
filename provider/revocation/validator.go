package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
	corex509 "github.com/notaryproject/notation-core-go/x509"
)

// Validator returns notation-go's form of the checker for chains of one purpose. It calls told with the status of each chain.
func (c *Checker) Validator(p purpose.Purpose, told func(Status)) revocation.Validator {
	return &validator{c, p, told}
}

type validator struct {
	checker *Checker
	purpose purpose.Purpose
	report  func(Status)
}

// ValidateContext implements revocation.Validator. It verifies the chain's signatures as notation-core-go does, except for
// a chain without OCSP or CRL URLs: notation-go has just verified it, and with RSA-4096 that is most of the work of a
// verification.
func (v *validator) ValidateContext(ctx context.Context, o revocation.ValidateContextOptions) ([]*result.CertRevocationResult, error) {
	if len(o.CertChain) == 0 {
		return nil, v.invalid(errors.New("the chain is empty"))
	}
	var s Status
	if slices.ContainsFunc(o.CertChain, revocable) {
		if err := v.verify(o.CertChain); err != nil {
			return nil, v.invalid(err)
		}
		s = v.checker.Check(ctx, o.CertChain, o.AuthenticSigningTime)
	}
	v.report(s)
	return results(o.CertChain, s), nil
}

// invalid reports a chain that cannot be checked.
func (v *validator) invalid(err error) error {
	err = result.InvalidChainError{Err: err}
	v.report(Status{Unknown: err})
	return err
}

func (v *validator) verify(chain []*x509.Certificate) error {
	if v.purpose == purpose.Timestamping {
		return corex509.ValidateTimestampingCertChain(chain)
	}
	return corex509.ValidateCodeSigningCertChain(chain, nil)
}

// results are the status in the form of notation-go, which looks for the worst of them.
func results(chain []*x509.Certificate, s Status) []*result.CertRevocationResult {
	all := make([]*result.CertRevocationResult, len(chain))
	for i, c := range chain {
		all[i] = &result.CertRevocationResult{Result: result.ResultOK}
		if i == len(chain)-1 || !revocable(c) {
			all[i].Result = result.ResultNonRevokable
		}
	}
	switch {
	case s.Revoked != nil:
		all[s.worst].Result = result.ResultRevoked
	case s.Unknown != nil:
		all[s.worst].Result = result.ResultUnknown
		all[s.worst].ServerResults = []*result.ServerResult{{Error: s.Unknown}}
	}
	return all
}
