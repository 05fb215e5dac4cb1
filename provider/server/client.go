package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// Bounds on what a client may send before it is verified. Gatekeeper sends one
// certificate or two.
const (
	// maxChain is the most certificates.
	maxChain = 4
	// maxHandshakeBytes is the most that a client may send until its certificate has been
	// verified: a greeting of 2 KiB, and certificates.
	maxHandshakeBytes = 16 << 10
	// maxVerifying is how many chains are verified at once: a flood of handshakes must not
	// take the processors from authenticated clients.
	maxVerifying = 2
)

// clients decides which clients are accepted.
type clients struct {
	ca    *ClientCA
	names []string
	now   func() time.Time
	// within is how long a handshake may take.
	within time.Duration
	// verifying has a place for each chain that is verified in a handshake.
	verifying *semaphore.Weighted
}

// tlsConfig returns the settings of the mutual TLS listener. The authorities are
// looked up for each handshake. Session tickets are off: a resumed session skips
// the proof that the client still holds its key, and Gatekeeper asks for none.
//
// The client's chain is verified here. crypto/tls would do so before our bounds, and try up to
// a hundred issuers of an attacker's choice. Before it calls us it only parses the
// certificates, and refuses RSA keys of more than 8192 bits.
func (c clients) tlsConfig(identity *Identity) *tls.Config {
	config := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{"h2", "http/1.1"},
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return identity.current.Load(), nil },
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		Time:                   c.now,
	}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		ends := time.Now().Add(c.within)
		connection, ok := hello.Conn.(*conn)
		if !ok { // the listener has no others
			return nil, fmt.Errorf("a connection of type %T", hello.Conn)
		}
		current := config.Clone()
		current.ClientCAs = c.ca.current.Load().pool // for their names, by which clients choose a certificate
		current.VerifyConnection = func(s tls.ConnectionState) error {
			ctx, cancel := context.WithDeadline(hello.Context(), ends)
			defer cancel()
			if err := c.handshake(ctx, s.PeerCertificates, &connection.verified); err != nil {
				return err
			}
			connection.bounded.Store(false)
			return nil
		}
		return current, nil
	}
	return config
}

// handshake verifies a client in its handshake: the cheap checks first, then the signatures,
// for a few clients at a time. The requests of the connection go by the result. Before the
// first one crypto/tls checks that the client holds the key.
func (c clients) handshake(ctx context.Context, chain []*x509.Certificate, result *atomic.Pointer[authentication]) error {
	if err := c.precheck(chain); err != nil {
		return err
	}
	if err := c.verifying.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("wait to verify the client's certificate: %w", err)
	}
	defer c.verifying.Release(1)
	return c.verify(chain, result)
}

// precheck checks the number of certificates, and the leaf's usage and names. It verifies no
// signature.
func (c clients) precheck(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the client has no certificate")
	}
	if len(chain) > maxChain {
		return fmt.Errorf("the client has sent %d certificates; at most %d are looked at", len(chain), maxChain)
	}
	leaf := chain[0]
	// Verify takes a certificate without any usage for one with all usages.
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

// authentication is the result for a connection: its client was verified by these
// authorities, and that holds between two times.
type authentication struct {
	by          *authorities
	from, until time.Time
}

// verify verifies a client's chain against the authorities and the clock of now, and keeps the result in last.
// It verifies nothing while the last result holds: the signatures in a chain cannot go bad,
// only the authorities and the clock can move.
func (c clients) verify(chain []*x509.Certificate, last *atomic.Pointer[authentication]) error {
	by, now := c.ca.current.Load(), c.now()
	if auth := last.Load(); auth != nil && auth.by == by && !now.Before(auth.from) && !now.After(auth.until) {
		return nil
	}
	if err := c.precheck(chain); err != nil {
		return err
	}
	intermediates, known := by.issued(chain)
	if !known {
		return fmt.Errorf("verify the client's certificate: %w", x509.UnknownAuthorityError{Cert: chain[0]})
	}
	verified, err := keysize.Verify(append(chain[:1:1], intermediates...), x509.VerifyOptions{
		Roots:       by.pool,
		CurrentTime: now,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("verify the client's certificate: %w", err)
	}
	auth := &authentication{by: by, from: chain[0].NotBefore, until: chain[0].NotAfter}
	for _, cert := range verified[0] { // it holds while each of them is valid
		if cert.NotBefore.After(auth.from) {
			auth.from = cert.NotBefore
		}
		if cert.NotAfter.Before(auth.until) {
			auth.until = cert.NotAfter
		}
	}
	last.Store(auth)
	return nil
}
