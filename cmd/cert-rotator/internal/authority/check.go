package authority

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// DueAt is when a certificate is to be renewed: when two thirds of its life are over.
func DueAt(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 3 * 2)
}

// Expired tells whether a certificate is of no more use to anybody.
func Expired(c *x509.Certificate, now time.Time) bool { return now.After(c.NotAfter) }

// CheckCA returns why a pair cannot issue serving certificates now.
func (p Pair) CheckCA(now time.Time) error {
	switch c := p.Cert; {
	case c == nil:
		return errors.New("there is none")
	case !c.IsCA || c.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("it is not a CA")
	case Expired(c, now):
		return fmt.Errorf("it expired at %s", c.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(c.NotBefore):
		return fmt.Errorf("it is not valid before %s", c.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// CheckLeaf returns why a pair is not a serving certificate for exactly these names that
// a CA issued and that is valid now.
func (p Pair) CheckLeaf(now time.Time, ca *x509.Certificate, names []string) error {
	if p.None() {
		return errors.New("there is none")
	}
	if !slices.Equal(slices.Sorted(slices.Values(p.Cert.DNSNames)), slices.Sorted(slices.Values(names))) {
		return fmt.Errorf("its names are %q, want %q", p.Cert.DNSNames, names)
	}
	return Chains([]*x509.Certificate{p.Cert}, now, ca)
}

// Chains returns why what a server shows is not valid now for server authentication by
// one of some roots. The first certificate shown is the server's.
func Chains(shown []*x509.Certificate, now time.Time, roots ...*x509.Certificate) error {
	pool := x509.NewCertPool()
	for _, root := range roots {
		pool.AddCert(root)
	}
	_, err := keysize.Verify(shown, x509.VerifyOptions{Roots: pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err
}
