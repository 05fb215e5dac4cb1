// Package replicas looks at which certificate each replica of the server shows. It makes no
// request and has no client certificate: in TLS 1.3 the server shows its own first.
package replicas

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

// dialWithin is how long one replica may take to show its certificate.
const dialWithin = 5 * time.Second

// maxReplicas is how many replicas are looked at. It bounds an answer of the DNS.
const maxReplicas = 200

// Service is the headless service that names all replicas: those that are not ready too.
type Service struct {
	// Host is its DNS name, which has an address for each replica.
	Host string
	// Port is where they listen.
	Port uint16
	// ServerName is what they are asked for.
	ServerName string
	// Resolve looks up the addresses of a host. [net.Resolver.LookupNetIP] does.
	Resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Seen is what a look has shown: how many replicas serve with the CA, with another one, or
// could not be asked.
type Seen struct {
	With, Without, Silent int
	// Why says what is wrong with those that do not serve with the CA.
	Why []string
}

// All tells whether there are replicas, and all of them serve with the CA. That none is
// found proves nothing: the name may be wrong, or the DNS may be down.
func (s Seen) All() bool { return s.With > 0 && s.Without == 0 && s.Silent == 0 }

func (s Seen) String() string {
	return fmt.Sprintf("%d serve with the CA, %d with another, %d do not answer: %s", s.With, s.Without, s.Silent, strings.Join(s.Why, "; "))
}

// Look asks every replica whether it serves with a CA.
func (s Service) Look(ctx context.Context, now time.Time, ca *x509.Certificate) Seen {
	addresses, err := s.Resolve(ctx, "ip", s.Host)
	if err != nil {
		return Seen{Why: []string{err.Error()}}
	}
	if len(addresses) > maxReplicas {
		return Seen{Silent: len(addresses), Why: []string{fmt.Sprintf("%s has more than %d addresses", s.Host, maxReplicas)}}
	}
	var seen Seen
	var together sync.Mutex
	var all sync.WaitGroup
	for _, address := range addresses {
		all.Go(func() {
			shown, err := s.shown(ctx, netip.AddrPortFrom(address.Unmap(), s.Port))
			together.Lock()
			defer together.Unlock()
			seen.note(shown, err, now, ca)
		})
	}
	all.Wait()
	return seen
}

func (s *Seen) note(shown []*x509.Certificate, err error, now time.Time, ca *x509.Certificate) {
	if err != nil {
		s.Silent++
		s.Why = append(s.Why, err.Error())
		return
	}
	if err := authority.Chains(shown, now, ca); err != nil {
		s.Without++
		s.Why = append(s.Why, err.Error())
		return
	}
	s.With++
}

// shown is the chain that a replica shows.
func (s Service) shown(ctx context.Context, address netip.AddrPort) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{
		MinVersion:         tls.VersionTLS13,
		ServerName:         s.ServerName,
		InsecureSkipVerify: true, //nolint:gosec // which certificate it is, is the question; nothing is sent
	}}
	connection, err := dialer.DialContext(ctx, "tcp", address.String())
	if err != nil {
		return nil, fmt.Errorf("looking at the certificate of %s: %w", address, err)
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates, nil //nolint:forcetypeassert // [tls.Dialer] says so
}

// Parse reads host:port of the headless service.
func Parse(hostPort, serverName string) (Service, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return Service{}, err
	}
	number, err := netip.ParseAddrPort("0.0.0.0:" + port)
	if err != nil || host == "" || number.Port() == 0 {
		return Service{}, fmt.Errorf("%q is not host:port", hostPort)
	}
	return Service{Host: host, Port: number.Port(), ServerName: serverName, Resolve: net.DefaultResolver.LookupNetIP}, nil
}
