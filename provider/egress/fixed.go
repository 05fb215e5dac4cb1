package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// ErrUnnamed is a connection to an address that the configuration does not name.
var ErrUnnamed = errors.New("the configuration names neither this address nor a network that it is in")

// Fixed lets connections through to the addresses and networks that the configuration names for one party, and to no
// other: the party itself tells where else it is, as the nodes of a cluster do.
type Fixed struct {
	addresses []string
	networks  []netip.Prefix
	dialer    net.Dialer
}

// NewFixed returns a dialer for the addresses ("host:port"), which may be anywhere, and for any port in the networks.
func NewFixed(addresses []string, networks []netip.Prefix) *Fixed {
	return &Fixed{addresses: addresses, networks: networks, dialer: net.Dialer{Timeout: dialTimeout}}
}

// DialContext connects to a "host:port".
func (f *Fixed) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := f.dialer
	if !slices.Contains(f.addresses, strings.ToLower(address)) {
		dialer.ControlContext = f.check
	}
	return dialer.DialContext(ctx, network, address)
}

// check sees the very address that is dialled, as [Guard] does.
func (f *Fixed) check(_ context.Context, _, address string, _ syscall.RawConn) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnnamed, err)
	}
	within := func(n netip.Prefix) bool { return n.Contains(parsed.Addr().Unmap()) }
	if !slices.ContainsFunc(f.networks, within) {
		return fmt.Errorf("%s: %w", address, ErrUnnamed)
	}
	return nil
}
