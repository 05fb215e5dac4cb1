package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// clients says who may come in.
type clients struct {
	ca    *ClientCA
	names []string
	now   func() time.Time
}

// tlsConfig returns the settings of the mutual TLS door. The authorities are
// looked up for each handshake. Session tickets are off: a resumed session skips
// the proof that the client still holds its key, and Gatekeeper asks for none.
func (c clients) tlsConfig(identity *Identity) *tls.Config {
	config := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{"h2", "http/1.1"},
		GetCertificate:         identity.certificate,
		ClientAuth:             tls.RequireAndVerifyClientCert,
		SessionTicketsDisabled: true,
		Time:                   c.now,
		VerifyConnection:       func(s tls.ConnectionState) error { return c.allow(s.PeerCertificates) },
	}
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		current := config.Clone()
		current.ClientCAs = c.ca.current.Load().pool
		return current, nil
	}
	return config
}

// allow looks at the leaf alone: what it is for and whom it names. The chain is
// verified by crypto/tls in the handshake, and by admit after it.
func (c clients) allow(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the client has no certificate")
	}
	leaf := chain[0]
	// Verification takes a certificate without any usage for one with all usages.
	if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return errors.New("the client's certificate is not for client authentication")
	}
	had := slices.Clone(leaf.DNSNames)
	for _, uri := range leaf.URIs {
		had = append(had, uri.String())
	}
	for _, name := range had {
		if slices.Contains(c.names, name) {
			return nil
		}
	}
	return fmt.Errorf("the client's certificate has none of the names %q; it has %q", c.names, had[:min(len(had), 8)])
}

// admission is what a connection may rely on: that its client was admitted by
// these authorities, and between which moments that holds.
type admission struct {
	by          *authorities
	from, until time.Time
}

// holds tells whether verifying again would come to the same result.
func (a *admission) holds(by *authorities, now time.Time) bool {
	return a != nil && a.by == by && !now.Before(a.from) && !now.After(a.until)
}

// admit verifies a client's chain against the authorities and the clock of now.
// It returns last if that still holds: the signatures in a chain cannot go bad,
// only the authorities and the clock can move.
func (c clients) admit(chain []*x509.Certificate, last *admission) (*admission, error) {
	by, now := c.ca.current.Load(), c.now()
	if last.holds(by, now) {
		return last, nil
	}
	if err := c.allow(chain); err != nil {
		return nil, err
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	verified, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         by.pool,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, fmt.Errorf("verify the client's certificate: %w", err)
	}
	return admitted(by, verified[0]), nil
}

// admitted holds for as long as every certificate in the chain is valid.
func admitted(by *authorities, chain []*x509.Certificate) *admission {
	a := &admission{by: by, from: chain[0].NotBefore, until: chain[0].NotAfter}
	for _, cert := range chain[1:] {
		if cert.NotBefore.After(a.from) {
			a.from = cert.NotBefore
		}
		if cert.NotAfter.Before(a.until) {
			a.until = cert.NotAfter
		}
	}
	return a
}
