package server

import (
	"net"
	"net/http"
	"net/netip"
	"testing"
)

// crowd is a listener whose connections are only counted.
func crowd(handshaking, all int) *limitListener {
	return newLimitListener(nil, connLimits{handshaking: handshaking, all: all})
}

// come adds connections from addresses that differ in their last byte, and returns them.
func come(l *limitListener, from ...byte) []*conn {
	all := make([]*conn, 0, len(from))
	for _, last := range from {
		c := &conn{listener: l, from: netip.AddrFrom4([4]byte{10, 0, 0, last})}
		l.add(c)
		all = append(all, c)
	}
	return all
}

func gone(all []*conn) []int {
	var found []int
	for i, c := range all {
		if c.in == nil {
			found = append(found, i)
		}
	}
	return found
}

// wants says which of the connections are closed, and how many are left.
func wants(t *testing.T, l *limitListener, all []*conn, handshaking, open int, closed ...int) {
	t.Helper()
	got := gone(all)
	same := len(got) == len(closed)
	for i := range closed {
		same = same && got[i] == closed[i]
	}
	if !same {
		t.Errorf("closed are %v; want %v", got, closed)
	}
	if now := l.count(""); now.Handshaking != handshaking || now.Open != open || now.Closed != uint64(len(closed)) {
		t.Errorf("%+v; want %d that have made no request, %d that have, and %d closed", now, handshaking, open, len(closed))
	}
}

func TestTheOldestStrangerMakesRoom(t *testing.T) {
	l := crowd(3, 10)
	wants(t, l, come(l, 1, 1, 1, 1, 1), 3, 0, 0, 1)
}

func TestAFloodFromOneAddressPushesOutItsOwn(t *testing.T) {
	l := crowd(3, 10)
	wants(t, l, come(l, 1, 2, 2, 2, 2), 3, 0, 1, 2) // the first stays, though it is the oldest
}

func TestOfManyAddressesTheOldestConnectionMakesRoom(t *testing.T) {
	l := crowd(3, 10)
	wants(t, l, come(l, 1, 2, 3, 4), 3, 0, 0)
}

func TestStrangersPushOutNoneThatWasLetIn(t *testing.T) {
	l := crowd(3, 4)
	known := come(l, 1, 1, 1)
	for i, state := range []http.ConnState{http.StateActive, http.StateIdle, http.StateActive} {
		l.state(known[i], http.StateActive)
		l.state(known[i], state)
	}
	come(l, 2) // the fourth of four
	wants(t, l, known, 1, 3)
	come(l, 2)
	if got := gone(known); len(got) != 1 || got[0] != 1 {
		t.Errorf("closed are %v; want the one that is idle, where all are too many", got)
	}
	late := come(l, 2, 2, 2)
	if got := gone(known); len(got) != 1 || len(gone(late)) == 0 {
		t.Errorf("closed are %v; want none that has a request", got)
	}
}

func TestTheConnectionIdleForLongestMakesRoom(t *testing.T) {
	l := crowd(3, 3)
	known := come(l, 1, 1, 1)
	for _, i := range []int{2, 0, 1} {
		l.state(known[i], http.StateActive)
		l.state(known[i], http.StateIdle)
	}
	l.state(known[2], http.StateActive)
	l.state(known[2], http.StateIdle) // asked again
	come(l, 2)
	wants(t, l, known, 1, 2, 0)
}

func TestAConnectionIsCountedUntilItIsClosed(t *testing.T) {
	l := crowd(3, 10)
	all := come(l, 1, 2, 3)
	l.state(all[0], http.StateActive)
	for _, c := range all {
		l.forget(c)
		l.forget(c)
		l.state(c, http.StateActive) // too late
	}
	if now := l.count(""); now.Handshaking+now.Open != 0 || now.Closed != 0 {
		t.Errorf("%+v is left of none", now)
	}
	if len(l.handshaking.from)+len(l.idle.from)+len(l.active.from) != 0 {
		t.Error("addresses are kept of connections that are no more")
	}
}

// What a stranger sends is bounded while its handshake goes on, and then no more.
func TestAStrangerMaySendOnlySoMuch(t *testing.T) {
	raw, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	l := newLimitListener(raw, connLimits{handshaking: 1, all: 1, bytes: 10})
	client, err := net.Dial("tcp", raw.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	room := make([]byte, 7)
	for _, want := range []int{7, 3, 0, 0} {
		n, err := c.Read(room)
		if n != want || (err == nil) != (want > 0) {
			t.Errorf("read %d bytes, %v; want %d", n, err, want)
		}
	}
	c.(*conn).bounded.Store(false)
	if n, err := c.Read(room); n != 7 || err != nil {
		t.Errorf("afterwards read %d bytes, %v", n, err)
	}
}
