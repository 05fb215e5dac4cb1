package egress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrForbidden is a connection to an address inside the network that the configuration
// does not allow for its host.
var ErrForbidden = errors.New("its address is inside the network, and the configuration does not allow it")

// Guard lets connections to public addresses through, and to others for the hosts it
// was made with only. Each party on whose behalf is dialled (a registry, its token service,
// revocation) has a guard of its own, and connections of its own: what is allowed for one
// is not for another.
type Guard struct {
	allowed map[string]bool
	dialer  net.Dialer
}

// dialTimeout leaves time to tell a host that cannot be connected to from one that is slow.
const dialTimeout = 4 * time.Second

// NewGuard returns a guard that lets the named hosts ("host" or "host:port") have
// any address. A host without a port stands for its ports 80 and 443.
func NewGuard(hosts ...string) *Guard {
	g := &Guard{dialer: net.Dialer{Timeout: dialTimeout}}
	return g.Allowing(hosts...)
}

// Allowing returns a guard that lets more hosts have any address.
func (g *Guard) Allowing(hosts ...string) *Guard {
	more := &Guard{allowed: maps.Clone(g.allowed), dialer: g.dialer}
	if more.allowed == nil {
		more.allowed = map[string]bool{}
	}
	for _, host := range hosts {
		if _, _, err := net.SplitHostPort(host); err == nil {
			more.allowed[host] = true
			continue
		}
		more.allowed[host+":80"], more.allowed[host+":443"] = true, true
	}
	return more
}

// DialContext connects to a "host:port", as http.Transport asks for it. The proxy that
// the environment names for a request is the administrator's word: it may have any address.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := g.dialer
	proxied := ctx.Value(proxyKey{}) == address
	if !proxied && !g.allowed[strings.ToLower(address)] { // certificates and redirects write hosts as they like
		dialer.ControlContext = checkPublic
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if errors.Is(err, ErrForbidden) {
		return nil, fmt.Errorf("%s: %w", address, err) // by its name, which a redirect may have told
	}
	return conn, err
}

// checkPublic runs between look-up and connect, on the very address that is
// dialled: a name that resolves to something else the second time gains nothing.
func checkPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	if !public(parsed.Addr()) {
		return ErrForbidden
	}
	return nil
}

// public tells whether an address is on the public internet, by what it is and by
// what it wraps.
func public(addr netip.Addr) bool {
	addr = unwrap(addr)
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, special := range specialPurpose() {
		if special.Contains(addr) {
			return false
		}
	}
	return addr.Is4() || netip.MustParsePrefix("2000::/3").Contains(addr) // all of IPv6 that is given to anyone
}

// specialPurpose lists what the IANA special-purpose registries (RFC 6890) and
// cloud providers use inside networks, beyond what netip knows.
func specialPurpose() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"),    // shared address space, and a cloud's metadata
		netip.MustParsePrefix("168.63.129.16/32"), // a cloud's metadata on a public address
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("2001::/23"), // protocol assignments; Teredo among them, which wraps obfuscated
	}
}

// unwrap returns the IPv4 address inside an IPv4-mapped, NAT64 (RFC 6052) or 6to4
// (RFC 3056) address; others as they are.
func unwrap(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}
