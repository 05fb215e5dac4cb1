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

// Validate checks a chain of one purpose, and returns its status with notation-go's form of it. A chain that cannot be
// checked is an error, and its status is unknown. It verifies the chain's signatures as notation-core-go does, except for a
// chain without OCSP or CRL URLs. notation-go has just verified it, and with RSA-4096 that is most of the work of a
// verification.
func (c *Checker) Validate(ctx context.Context, p purpose.Purpose, o revocation.ValidateContextOptions) (Status, []*result.CertRevocationResult, error) {
	if len(o.CertChain) == 0 {
		return invalid(errors.New("the chain is empty"))
	}
	var s Status
	if slices.ContainsFunc(o.CertChain, revocable) {
		if err := verify(p, o.CertChain); err != nil {
			return invalid(err)
		}
		s = c.Check(ctx, o.CertChain, o.AuthenticSigningTime)
	}
	return s, results(o.CertChain, s), nil
}

// invalid is the result for a chain that cannot be checked.
func invalid(err error) (Status, []*result.CertRevocationResult, error) {
	err = result.InvalidChainError{Err: err}
	return Status{Unknown: err}, nil, err
}

func verify(p purpose.Purpose, chain []*x509.Certificate) error {
	if p == purpose.Timestamping {
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
