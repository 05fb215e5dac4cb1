package revocation_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"testing"

	core "github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
)

// A chain that cannot be checked is an error, and it is not known whether a certificate of it is revoked.
func TestChainThatCannotBeCheckedIsUnknown(t *testing.T) {
	w := newWorld(t, []string{"http://ca.test/crl"}, nil)
	reversed := slices.Clone(w.signer.Chain)
	slices.Reverse(reversed)
	for _, c := range []struct {
		name  string
		chain []*x509.Certificate
		p     purpose.Purpose
	}{
		{"no certificates", nil, purpose.CodeSigning},
		{"from the root down", reversed, purpose.CodeSigning},
		{"a signer as a timestamp authority", w.signer.Chain, purpose.Timestamping},
	} {
		status, results, err := w.checker.Validate(t.Context(), c.p, core.ValidateContextOptions{CertChain: c.chain})
		if _, invalid := errors.AsType[result.InvalidChainError](err); !invalid || results != nil {
			t.Errorf("%s: %v, %v", c.name, results, err)
		}
		if status.Good() || !errors.Is(status.Unknown, err) || status.Revoked != nil {
			t.Errorf("%s: the status is %+v", c.name, status)
		}
	}
	if n := w.count("ca.test"); n != 0 {
		t.Errorf("%d requests for chains that do not hold", n)
	}
}
