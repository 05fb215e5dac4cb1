package replicas_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// serve is a replica at an address of the loopback network that wants client certificates.
func serve(t *testing.T, address string, leaf authority.Pair) {
	t.Helper()
	cert := expect.Must(tls.X509KeyPair(leaf.CertPEM, leaf.KeyPEM))(t)
	listener := expect.Must(tls.Listen("tcp", address, &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(),
	}))(t)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = connection.(*tls.Conn).Handshake(); _ = connection.Close() }()
		}
	}()
}

// port is one that is free at every address of the loopback network.
func port(t *testing.T) string {
	t.Helper()
	listener := expect.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	return expect.Must(netip.ParseAddrPort(listener.Addr().String()))(t).String()[len("127.0.0.1:"):]
}

func resolve(addresses ...string) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(context.Context, string, string) ([]netip.Addr, error) {
		var all []netip.Addr
		for _, a := range addresses {
			all = append(all, netip.MustParseAddr(a))
		}
		return all, nil
	}
}

// Each replica is asked, and counted by what it shows. None needs a client certificate.
func TestLook(t *testing.T) {
	now := time.Now()
	before, current := expect.Must(authority.NewCA(now, time.Hour))(t), expect.Must(authority.NewCA(now, time.Hour))(t)
	free := port(t)
	service := expect.Must(replicas.Parse("replicas.example:"+free, "name.svc"))(t)
	for _, tc := range []struct {
		address string
		ca      authority.Pair
	}{{"127.0.0.1", before}, {"127.0.0.2", current}, {"127.0.0.3", current}} {
		serve(t, net.JoinHostPort(tc.address, free), expect.Must(tc.ca.Issue(now, time.Minute, []string{"name.svc"}))(t))
	}
	for _, c := range []struct {
		name      string
		addresses []string
		want      replicas.Seen
		all       bool
	}{
		{"none", nil, replicas.Seen{}, false},
		{"all", []string{"127.0.0.2", "127.0.0.3"}, replicas.Seen{With: 2}, true},
		{"as IPv4 in v6", []string{"::ffff:127.0.0.2"}, replicas.Seen{With: 1}, true},
		{"one before", []string{"127.0.0.1", "127.0.0.2"}, replicas.Seen{With: 1, Without: 1}, false},
		{"one silent", []string{"127.0.0.2", "127.0.0.4"}, replicas.Seen{With: 1, Silent: 1}, false},
	} {
		service.Resolve = resolve(c.addresses...)
		got := service.Look(t.Context(), now, current.Cert)
		if got.With != c.want.With || got.Without != c.want.Without || got.Silent != c.want.Silent || got.All() != c.all || len(got.Why) != got.Without+got.Silent {
			t.Errorf("%s: %s, all: %t", c.name, got, got.All())
		}
	}
}

// Where the lookup fails, or answers with more than there can be, nothing is proven.
func TestLookupThatFails(t *testing.T) {
	service := expect.Must(replicas.Parse("replicas.example:1", "name.svc"))(t)
	service.Resolve = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	if seen := service.Look(t.Context(), time.Now(), nil); seen.All() || !strings.Contains(seen.String(), "no such host") {
		t.Error(seen)
	}
	service.Resolve = func(context.Context, string, string) ([]netip.Addr, error) { return make([]netip.Addr, 201), nil }
	if seen := service.Look(t.Context(), time.Now(), nil); seen.All() || seen.Silent != 201 {
		t.Error(seen)
	}
}

// The service is host:port.
func TestParse(t *testing.T) {
	for _, text := range []string{"", "host", ":1", "host:", "host:0", "host:65536", "host:x", "host:1:2"} {
		if _, err := replicas.Parse(text, ""); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if s, err := replicas.Parse("host:8443", "name"); err != nil || s.Host != "host" || s.Port != 8443 || s.ServerName != "name" {
		t.Errorf("%+v, %v", s, err)
	}
}
