package server

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// limitListener bounds the connections of a listener, and how much each may send before its
// client is known. When there is one too many, another is closed, so that an attacker's
// connections do not keep others out; that of golang.org/x/net/netutil lets new ones wait.
// Until its first request a connection counts as handshaking. After that it is closed only
// while it is idle.
type limitListener struct {
	*net.TCPListener
	limits connLimits

	mu     sync.Mutex
	came   uint64 // how many so far: their order
	closed uint64 // to make room

	handshaking, idle, active pool
}

// connLimits are the most connections of a listener.
type connLimits struct {
	// handshaking is for connections without a request, all for those with one, too.
	handshaking, all int
	// bytes is how much an unknown client may send; 0 for any amount.
	bytes int
}

// Connections is how many connections a listener has.
type Connections struct {
	// Listener is "gatekeeper" or "admin".
	Listener string
	// Handshaking have made no request yet, Open have made one. At the admin listener, where
	// there is no handshake, all are Open.
	Handshaking, Open int
	// Closed is how many were closed so far to make room for others.
	Closed uint64
}

func newLimitListener(l *net.TCPListener, limits connLimits) *limitListener {
	return &limitListener{TCPListener: l, limits: limits, handshaking: newPool(), idle: newPool(), active: newPool()}
}

// Accept waits for the next connection, and closes another where there are too many.
func (l *limitListener) Accept() (net.Conn, error) {
	tcp, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := &conn{TCPConn: tcp, listener: l, left: l.limits.bytes}
	if remote, ok := tcp.RemoteAddr().(*net.TCPAddr); ok {
		c.from = remote.AddrPort().Addr().Unmap()
	}
	c.bounded.Store(l.limits.bytes > 0)
	for _, victim := range l.add(c) {
		_ = victim.Close() // an error has no consequence
	}
	return c, nil
}

// add counts a new connection, and returns those that are to be closed for it.
func (l *limitListener) add(c *conn) (victims []*conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.move(c, &l.handshaking)
	if len(l.handshaking.conns) > l.limits.handshaking {
		victims = append(victims, l.evict(&l.handshaking))
	}
	if len(l.handshaking.conns)+len(l.idle.conns)+len(l.active.conns) > l.limits.all {
		from := &l.idle
		if len(from.conns) == 0 {
			from = &l.handshaking
		}
		victims = append(victims, l.evict(from))
	}
	return victims
}

// move takes a connection out of the pool that it is in, and into another. With nil it is counted no more.
func (l *limitListener) move(c *conn, into *pool) {
	if left := c.in; left != nil {
		delete(left.conns, c)
		if left.from[c.from]--; left.from[c.from] == 0 {
			delete(left.from, c.from)
		}
	}
	if c.in = into; into != nil {
		l.came++
		into.conns[c] = l.came
		into.from[c.from]++
	}
}

// evict takes out the connection of the pool that is to be closed.
func (l *limitListener) evict(from *pool) *conn {
	victim := from.victim()
	l.move(victim, nil)
	l.closed++
	return victim
}

// state takes each connection's new state, as an [http.Server] has it.
func (l *limitListener) state(c *conn, state http.ConnState) {
	into := &l.active
	switch state {
	case http.StateActive:
	case http.StateIdle:
		into = &l.idle
	default:
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.in != nil {
		l.move(c, into)
	}
}

// forget counts a connection no more.
func (l *limitListener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.move(c, nil)
}

// count is how the listener stands.
func (l *limitListener) count(name string) Connections {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Connections{Listener: name, Handshaking: len(l.handshaking.conns), Open: len(l.idle.conns) + len(l.active.conns), Closed: l.closed}
}

// pool holds connections of one kind.
type pool struct {
	conns map[*conn]uint64 // when each came, by number
	from  map[netip.Addr]int
}

func newPool() pool { return pool{map[*conn]uint64{}, map[netip.Addr]int{}} }

// victim is the oldest connection of the address that has most of them: a flood from one
// address pushes out its own.
func (p *pool) victim() *conn {
	var victim *conn
	for c, came := range p.conns {
		if victim == nil || p.from[c.from] > p.from[victim.from] || p.from[c.from] == p.from[victim.from] && came < p.conns[victim] {
			victim = c
		}
	}
	return victim
}
