package egress

import (
	"context"
	"net"
	"net/netip"
)

// SetResolver has names looked up elsewhere.
func (g *Guard) SetResolver(r *net.Resolver) { g.dialer.Resolver = r }

// SetDial has connections made elsewhere.
func (t *Transport) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.pool.transport.DialContext = dial
}

// SetProbe sets the path of probes.
func (t *Transport) SetProbe(path string) { t.options.Probe = path }

// Known is how many repositories something is known of.
func (t *Transport) Known() int { return t.options.Health.repositories.Len() }

// IsPublic tells what a guard thinks of an address.
func IsPublic(addr netip.Addr) bool { return public(addr) }
