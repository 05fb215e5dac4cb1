package egress_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// A fixed dialer connects to what it was made with, whatever a name resolves to, and to nothing else.
func TestFixedDialsWhatItWasMadeWith(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	loopback, other := netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")
	for _, c := range []struct {
		name      string
		addresses []string
		networks  []netip.Prefix
		dialled   string
		ok        bool
	}{
		{"a named address", []string{"127.0.0.1:" + port}, nil, "127.0.0.1:" + port, true},
		{"a named name", []string{"localhost:" + port}, nil, "LOCALHOST:" + port, true},
		{"its address", []string{"localhost:" + port}, nil, "127.0.0.1:" + port, false},
		{"another port", []string{"127.0.0.1:1"}, nil, "127.0.0.1:" + port, false},
		{"in a network", nil, []netip.Prefix{other, loopback}, "127.0.0.1:" + port, true},
		{"a name that leads into it", nil, []netip.Prefix{loopback}, "localhost:" + port, true},
		{"written as IPv6", nil, []netip.Prefix{loopback}, "[::ffff:127.0.0.1]:" + port, true},
		{"outside the networks", nil, []netip.Prefix{other}, "127.0.0.1:" + port, false},
		{"without a host, this machine", nil, []netip.Prefix{other}, ":" + port, false},
		{"with nothing named, no address", nil, nil, "127.0.0.1:" + port, false},
	} {
		conn, err := egress.NewFixed(c.addresses, c.networks).DialContext(t.Context(), "tcp", c.dialled)
		if conn != nil {
			conn.Close()
		}
		if (err == nil) != c.ok || err != nil && !errors.Is(err, egress.ErrUnnamed) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
