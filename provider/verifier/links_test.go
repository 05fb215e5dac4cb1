package verifier

import (
	"crypto/x509"
	"slices"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// counted are links, and how many signatures were checked.
func counted(t *testing.T) (*links, *int) {
	t.Helper()
	l, err := newLinks()
	if err != nil {
		t.Fatal(err)
	}
	checks := 0
	l.check = func(cert, issuer *x509.Certificate) error {
		checks++
		return keysize.CheckSignatureFrom(cert, issuer)
	}
	return l, &checks
}

// chainOfThree is a leaf with an intermediate and a root.
func chainOfThree(t *testing.T) []*x509.Certificate {
	t.Helper()
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	intermediate, err := root.Intermediate(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := intermediate.Signer(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return leaf.Chain
}

// What held is not computed again, and a stranger's chain costs one check, whichever end the trusted certificate is at.
func TestLinksAreCheckedOnce(t *testing.T) {
	l, checks := counted(t)
	ours, strangers := chainOfThree(t), chainOfThree(t)
	for _, trusted := range []int{2, 0, 1, 2} {
		if err := l.chain(ours, trusted); err != nil || *checks != 2 {
			t.Errorf("trusted at %d: %d checks, %v", trusted, *checks, err)
		}
	}
	for _, c := range []struct {
		name    string
		chain   []*x509.Certificate
		trusted int
	}{
		{"root_above", slices.Concat(strangers[:2], ours[2:]), 2},
		{"intermediate_below", slices.Concat(ours[:2], strangers[2:]), 1},
		{"leaf_below", slices.Concat(ours[:1], strangers[1:]), 0},
	} {
		*checks = 0
		if err := l.chain(c.chain, c.trusted); err == nil || *checks > 1 {
			t.Errorf("%s: %d checks, %v", c.name, *checks, err)
		}
	}
}

// Only certificates that lead to a root count as linked, in any order, and a root under another issuer does.
func TestUnlinkedCertificates(t *testing.T) {
	ours, strangers := chainOfThree(t), chainOfThree(t)
	roots := ours[2:]
	for _, c := range []struct {
		name  string
		certs []*x509.Certificate
		want  int
	}{
		{"none", nil, 0},
		{"leaf_first", ours[:2], 0},
		{"leaf_last", []*x509.Certificate{ours[1], ours[0]}, 0},
		{"with_the_root", ours, 0},
		{"leaf_without_intermediate", ours[:1], 1},
		{"strangers", strangers, 3},
		{"mixed", slices.Concat(strangers, ours), 3},
	} {
		l, _ := counted(t)
		if got := l.unlinked(c.certs, roots); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
