package server

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"sync/atomic"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// ClientCA is the set of certificate authorities that client certificates must
// come from. It is a [reload.Source]. It is safe for use by many goroutines, but
// for Reload.
type ClientCA struct {
	file    string
	files   *reload.Files
	current atomic.Pointer[authorities]
}

// authorities is one version of the file. It is never changed, so that its
// address stands for what is in it.
type authorities struct {
	pool  *x509.CertPool
	certs []*x509.Certificate
}

// LoadClientCA reads the authorities from a PEM file. A file without a
// certificate, with a broken one, or with anything but certificates is an error,
// now and at each Reload.
func LoadClientCA(file string) (*ClientCA, error) {
	c := &ClientCA{file: file, files: reload.NewFiles(file)}
	if _, err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Name is "client-ca".
func (c *ClientCA) Name() string { return "client-ca" }

// Reload takes over the file if it has changed and is good. It counts from the
// next request on, also for connections that are open.
func (c *ClientCA) Reload() (changed bool, err error) {
	changed, err = c.files.Load(c.take)
	if err != nil {
		return false, fmt.Errorf("load the client CA: %w", err)
	}
	return changed, nil
}

// Expiries says when each of the authorities ends, in the order of the file.
func (c *ClientCA) Expiries() []Expiry {
	var all []Expiry
	for _, cert := range c.current.Load().certs {
		all = append(all, expiry(cert))
	}
	return all
}

func (c *ClientCA) take(contents reload.Contents) error {
	certs, err := certfile.Parse(contents[c.file])
	if err != nil {
		return fmt.Errorf("%s: %w", c.file, err)
	}
	pool := x509.NewCertPool()
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	c.current.Store(&authorities{pool, certs})
	return nil
}

// issued returns the intermediates of a chain that the authorities issued, directly or through
// each other, and tells whether the leaf names one of these or an authority as its issuer. It
// goes from the authorities down, so that signatures are verified with trusted keys only. An
// intermediate that is not returned is of no use to a chain.
func (a *authorities) issued(chain []*x509.Certificate) (intermediates []*x509.Certificate, known bool) {
	trusted, rest := a.certs, slices.Clone(chain[1:])
	for {
		i := slices.IndexFunc(rest, func(cert *x509.Certificate) bool { return issuedBy(cert, trusted) })
		if i < 0 {
			break
		}
		intermediates = append(intermediates, rest[i])
		trusted = append(slices.Clip(trusted), rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return intermediates, slices.ContainsFunc(trusted, func(ca *x509.Certificate) bool { return bytes.Equal(ca.RawSubject, chain[0].RawIssuer) })
}

func issuedBy(cert *x509.Certificate, trusted []*x509.Certificate) bool {
	return slices.ContainsFunc(trusted, func(ca *x509.Certificate) bool {
		return bytes.Equal(ca.RawSubject, cert.RawIssuer) && keysize.CheckSignatureFrom(cert, ca) == nil
	})
}
