package egress_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// inside are addresses that no host on the public internet has, by the reason.
var inside = []struct {
	why       string
	addresses []string
}{
	{"unspecified", []string{"0.0.0.0", "::"}},
	{"this network", []string{"0.0.0.1", "0.255.255.255"}},
	{"loopback", []string{"127.0.0.1", "127.255.255.255", "::1"}},
	{"private", []string{"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"}},
	{"shared", []string{"100.64.0.0", "100.100.100.200", "100.127.255.255"}},
	{"link-local", []string{"169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf::1"}},
	{"protocols", []string{"192.0.0.0", "192.0.0.192", "192.0.0.255"}},
	{"a cloud's metadata", []string{"168.63.129.16", "fd00:ec2::254"}},
	{"benchmarks", []string{"198.18.0.0", "198.19.255.255"}},
	{"multicast", []string{"224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"}},
	{"reserved", []string{"240.0.0.0", "255.255.255.254", "255.255.255.255"}},
	{"unique local", []string{"fc00::1", "fdff:ffff::1"}},
	{"site-local", []string{"fec0::1"}},
	{"IPv4-mapped", []string{"::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"}},
	{"IPv4-compatible", []string{"::10.0.0.1", "::8.8.8.8"}},
	{"NAT64", []string{"64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::0.0.0.0"}},
	{"NAT64 of local use", []string{"64:ff9b:1::8.8.8.8", "64:ff9b:1::10.0.0.1"}},
	{"6to4", []string{"2002:a00:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2002::1"}},
	{"Teredo", []string{"2001::1", "2001:0:ffff:ffff::1"}},
	{"protocols of IPv6", []string{"2001:2::1", "2001:1ff:ffff::1"}},
	{"discarded", []string{"100::1"}},
	{"not assigned", []string{"4000::1", "5f00::1", "8000::1", "1000::1"}},
	{"IPv4-mapped with zone", []string{"::ffff:10.0.0.1%eth0"}},
}

// Addresses inside the network are told from those outside.
func TestPrivateAddressesAreRecognized(t *testing.T) {
	for _, tc := range inside {
		for _, address := range tc.addresses {
			if egress.IsPublic(netip.MustParseAddr(address)) {
				t.Errorf("%s is taken for public; it is %s", address, tc.why)
			}
		}
	}
	for _, address := range []string{
		"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"2001:200::1", "2606:4700::1111", "2a00::1", "3fff:ffff::1",
		"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
	} {
		if !egress.IsPublic(netip.MustParseAddr(address)) {
			t.Errorf("%s is not taken for public", address)
		}
	}
}

// No address inside the network is dialled unless it is named.
func TestAPrivateAddressIsDialledOnlyIfNamed(t *testing.T) {
	guard := egress.NewGuard("harbor.skao.int", "127.0.0.1:1")
	for _, tc := range inside {
		for _, address := range tc.addresses {
			parsed := netip.MustParseAddr(address)
			if parsed.Is6() && !hasIPv6() {
				continue // the socket fails before the guard is asked
			}
			conn, err := guard.DialContext(t.Context(), "tcp", net.JoinHostPort(address, "443"))
			if !errors.Is(err, egress.ErrForbidden) {
				t.Errorf("%s (%s): %v %v", address, tc.why, conn, err)
			}
		}
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// listen counts the connections to a port of this machine.
func listen(t *testing.T) (address, port string, accepted *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	accepted = &atomic.Int32{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = conn.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port, accepted
}

func TestAHostIsNamedWithItsPort(t *testing.T) {
	address, port, _ := listen(t)
	for _, c := range []struct {
		named   string
		allowed bool
	}{
		{address, true},
		{"127.0.0.1:1", false},
		{"127.0.0.1", false}, // its ports 80 and 443
		{"127.0.0.1:" + port + "0", false},
		{"localhost:" + port, false}, // another name for the same
		{"27.0.0.1:" + port, false},
		{"127.0.0.11:" + port, false},
	} {
		conn, err := egress.NewGuard(c.named).DialContext(t.Context(), "tcp", address)
		if c.allowed && err != nil {
			t.Errorf("%s is named, and not dialled: %v", c.named, err)
		}
		if !c.allowed && !errors.Is(err, egress.ErrForbidden) {
			t.Errorf("%s is named, and %s dialled: %v", c.named, address, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
}

func TestAHostWithoutAPortStandsForThoseOfHTTP(t *testing.T) {
	for _, tc := range []struct {
		named string
		hosts []string
	}{{"127.0.0.1", []string{"127.0.0.1:80", "127.0.0.1:443"}}, {"harbor.test", []string{"harbor.test:80", "HARBOR.test:443"}}} {
		guard := egress.NewGuard(tc.named)
		guard.SetResolver(resolver(func(string) string { return "127.0.0.1" }))
		for _, host := range tc.hosts {
			conn, err := guard.DialContext(t.Context(), "tcp", host)
			if errors.Is(err, egress.ErrForbidden) { // there may be no server, which is another error
				t.Errorf("%s is named, and %s refused: %v", tc.named, host, err)
			}
			if conn != nil {
				_ = conn.Close()
			}
		}
		if _, err := guard.DialContext(t.Context(), "tcp", strings.Split(tc.hosts[0], ":")[0]+":8443"); !errors.Is(err, egress.ErrForbidden) {
			t.Errorf("%s is named, and its port 8443 dialled: %v", tc.named, err)
		}
	}
}

// A name that resolves to another address when it is dialled is refused.
func TestDNSRebindingIsRefused(t *testing.T) {
	_, port, accepted := listen(t)
	var public atomic.Bool
	public.Store(true)
	changing := resolver(func(string) string {
		if public.Load() {
			return "8.8.8.8"
		}
		return "127.0.0.1"
	})
	guard := egress.NewGuard("named.test:" + port)
	guard.SetResolver(changing)

	if addresses, err := changing.LookupHost(t.Context(), "rebind.test"); err != nil || len(addresses) != 1 || addresses[0] != "8.8.8.8" {
		t.Fatalf("the look-up before: %v %v", addresses, err)
	}
	public.Store(false)
	if conn, err := guard.DialContext(t.Context(), "tcp", "rebind.test:"+port); !errors.Is(err, egress.ErrForbidden) {
		t.Errorf("dialled: %v %v", conn, err)
	}
	if accepted.Load() != 0 {
		t.Error("it was connected to")
	}
	conn, err := guard.DialContext(t.Context(), "tcp", "named.test:"+port)
	if err != nil {
		t.Fatalf("a named host at the same address: %v", err)
	}
	_ = conn.Close()
}

// resolver looks names up with a function, through a DNS server of one connection a question.
func resolver(answer func(name string) string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			question := readMessage(server)
			if question == nil {
				return
			}
			message := reply(question, answer)
			_, _ = server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
		}()
		return client, nil
	}}
}

func readMessage(from io.Reader) []byte {
	var size [2]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return nil
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(from, message); err != nil {
		return nil
	}
	return message
}

// reply answers a question (RFC 1035 section 4) for an A record; for others there is none.
func reply(question []byte, answer func(string) string) []byte {
	const header, a = 12, 1
	var name strings.Builder
	end := header
	for question[end] != 0 {
		label := int(question[end])
		name.Write(question[end+1 : end+1+label])
		name.WriteByte('.')
		end += 1 + label
	}
	end += 5 // the name's end, type and class
	message := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[header:end]...)
	if question[end-3] != a {
		return message
	}
	message[7] = 1
	message = append(message, 0xc0, header, 0, a, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(message, netip.MustParseAddr(answer(name.String())).AsSlice()...)
}
