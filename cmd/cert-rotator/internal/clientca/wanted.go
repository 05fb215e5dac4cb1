package clientca

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// maxCerts is how many certificates the ConfigMap holds at most. Gatekeeper has one CA.
const maxCerts = 16

// ErrEmpty tells that no webhook has a caBundle: Gatekeeper has not written it yet.
var ErrEmpty = errors.New("no webhook has a caBundle")

// Bundle is the caBundle of one webhook, in PEM.
type Bundle struct {
	Webhook string
	PEM     []byte
}

// Wanted are the CAs in the caBundles of webhooks, each once. A bundle that is empty does
// not count, and one that cannot be taken whole is an error: [ErrEmpty] if there is none.
func Wanted(bundles []Bundle) ([]*x509.Certificate, error) {
	var wanted []*x509.Certificate
	for _, b := range bundles {
		if len(bytes.TrimSpace(b.PEM)) == 0 {
			continue
		}
		certs, err := certfile.Parse(b.PEM)
		if err == nil {
			err = check(certs)
		}
		if err != nil {
			return nil, fmt.Errorf("the caBundle of webhook %q cannot be taken: %w", b.Webhook, err)
		}
		wanted = add(wanted, certs...)
	}
	if len(wanted) == 0 {
		return nil, ErrEmpty
	}
	if len(wanted) > maxCerts {
		return nil, fmt.Errorf("the webhooks have %d CAs, and %d are the most", len(wanted), maxCerts)
	}
	return wanted, nil
}

func check(certs []*x509.Certificate) error {
	for _, c := range certs {
		if !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
			return fmt.Errorf("%q is not a CA", c.Subject)
		}
	}
	return keysize.Check(certs...)
}

// add appends certificates that are not there yet.
func add(certs []*x509.Certificate, more ...*x509.Certificate) []*x509.Certificate {
	for _, c := range more {
		if !has(certs, c) {
			certs = append(certs, c)
		}
	}
	return certs
}

func has(certs []*x509.Certificate, one *x509.Certificate) bool {
	return slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, one.Raw) })
}
