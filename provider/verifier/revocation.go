package verifier

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
)

// revocationChecks asks OCSP responders and fetches CRLs, for both purposes.
type revocationChecks struct {
	codeSigning, tsa revocation.Validator
	answers          *ocspAnswers
	lists            *crls
}

func newRevocationChecks(transport http.RoundTripper, age time.Duration) (checks *revocationChecks, err error) {
	checks = &revocationChecks{}
	if checks.answers, err = newOCSPAnswers(transport, age); err != nil {
		return nil, err
	}
	if checks.lists, err = newCRLs(transport, age); err != nil {
		return nil, err
	}
	if checks.codeSigning, err = checks.validator(purpose.CodeSigning); err != nil {
		return nil, err
	}
	checks.tsa, err = checks.validator(purpose.Timestamping)
	return checks, err
}

func (r *revocationChecks) validator(p purpose.Purpose) (revocation.Validator, error) {
	return revocation.NewWithOptions(revocation.Options{
		OCSPHTTPClient:   &http.Client{Transport: r.answers},
		CRLFetcher:       r.lists,
		CertChainPurpose: p,
	})
}

func (r *revocationChecks) signing(l *ledger) revocation.Validator {
	return noted{r.codeSigning, r, l}
}

func (r *revocationChecks) timestamping(l *ledger) revocation.Validator {
	return noted{r.tsa, r, l}
}

// noted is a validator that writes into a ledger what it is asked and told.
type noted struct {
	revocation.Validator
	checks *revocationChecks
	ledger *ledger
}

type ledgerKey struct{}

// ValidateContext implements revocation.Validator.
func (n noted) ValidateContext(ctx context.Context, o revocation.ValidateContextOptions) ([]*result.CertRevocationResult, error) {
	n.ledger.asked, n.ledger.chain = true, o.CertChain
	if len(o.CertChain) > 0 && !slices.ContainsFunc(o.CertChain, revocable) {
		return nonRevokable(o.CertChain), nil
	}
	results, err := n.Validator.ValidateContext(context.WithValue(ctx, ledgerKey{}, n.ledger), o)
	n.ledger.err = err
	for i, r := range results {
		n.ledger.note(o.CertChain[i].Subject.String(), r)
		n.checks.remember(n.ledger, o.CertChain, i, r)
	}
	return results, err
}

func revocable(c *x509.Certificate) bool {
	return len(c.OCSPServer) > 0 || len(c.CRLDistributionPoints) > 0
}

// nonRevokable is what the library says of a chain that names nobody to ask. It
// would check the chain's signatures before, which notation-go has just done: with
// RSA-4096 that is most of the work of a verification.
func nonRevokable(chain []*x509.Certificate) []*result.CertRevocationResult {
	results := make([]*result.CertRevocationResult, len(chain))
	for i := range results {
		results[i] = &result.CertRevocationResult{Result: result.ResultNonRevokable}
	}
	return results
}

// remember keeps the answers that the library accepted. One that it did not, a CRL
// signed by somebody else, must not stand in the way of the right one.
func (r *revocationChecks) remember(l *ledger, chain []*x509.Certificate, i int, accepted *result.CertRevocationResult) {
	for _, s := range accepted.ServerResults {
		switch {
		case s.Result != result.ResultOK && s.Result != result.ResultRevoked:
		case s.RevocationMethod == result.RevocationMethodOCSP:
			r.answers.remember(l, chain[i], chain[i+1])
		default:
			r.lists.remember(l, s.Server, chain[i+1])
		}
	}
}
