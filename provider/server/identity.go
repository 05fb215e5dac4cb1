package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// Expiry says when a certificate ends. The subject is for people and may be
// that of several certificates.
type Expiry struct {
	Subject             string
	NotBefore, NotAfter time.Time
}

// Identity is the serving certificate with its key. It is a [reload.Source]. It
// is safe for use by many goroutines, but for Reload.
type Identity struct {
	certFile, keyFile string
	files             *reload.Files
	current           atomic.Pointer[tls.Certificate]
}

// LoadIdentity reads the certificate chain and the key from PEM files. A key
// that does not fit, and a certificate that has expired or is not yet valid, are
// errors, now and at each Reload.
func LoadIdentity(certFile, keyFile string) (*Identity, error) {
	i := &Identity{certFile: certFile, keyFile: keyFile, files: reload.NewFiles(certFile, keyFile)}
	if _, err := i.Reload(); err != nil {
		return nil, err
	}
	return i, nil
}

// Name is "serving-certificate".
func (i *Identity) Name() string { return "serving-certificate" }

// Reload takes over the files if they have changed and are good. Connections
// that are open keep the certificate that they were opened with.
func (i *Identity) Reload() (changed bool, err error) {
	changed, err = i.files.Load(i.take)
	if err != nil {
		return false, fmt.Errorf("load the serving certificate: %w", err)
	}
	return changed, nil
}

// Expiry says when the serving certificate ends.
func (i *Identity) Expiry() Expiry { return expiry(i.current.Load().Leaf) }

func (i *Identity) take(c reload.Contents) error {
	// X509KeyPair would take the part of a chain that it can read for the whole.
	if _, err := certfile.Parse(c[i.certFile]); err != nil {
		return fmt.Errorf("%s: %w", i.certFile, err)
	}
	pair, err := tls.X509KeyPair(certfile.WithoutBOM(c[i.certFile]), certfile.WithoutBOM(c[i.keyFile]))
	if err != nil {
		return fmt.Errorf("%s with %s: %w", i.certFile, i.keyFile, err)
	}
	now := time.Now()
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("%s: it has expired, at %s", i.certFile, leaf.NotAfter.Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("%s: it is not valid before %s", i.certFile, leaf.NotBefore.Format(time.RFC3339))
	}
	i.current.Store(&pair)
	return nil
}

func expiry(c *x509.Certificate) Expiry {
	return Expiry{Subject: c.Subject.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter}
}
