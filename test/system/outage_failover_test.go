package system

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// balancer stands before a registry, and can fail over: what is open is dead then, though
// it is still acknowledged, and what is new is served well.
type balancer struct {
	net.Listener

	era atomic.Int32 // how often it failed over

	mu    sync.Mutex
	conns []net.Conn
}

func newBalancer(t *testing.T, to string) *balancer {
	t.Helper()
	b := &balancer{Listener: rig.Must(net.Listen("tcp", "127.0.0.1:0"))(t)}
	t.Cleanup(func() {
		_ = b.Close()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, conn := range b.conns {
			_ = conn.Close()
		}
	})
	go func() {
		for {
			client, err := b.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				t.Error(err)
				return
			}
			b.mu.Lock()
			b.conns = append(b.conns, client, server)
			b.mu.Unlock()
			era := b.era.Load()
			go b.relay(server, client, era)
			go b.relay(client, server, era)
		}
	}()
	return b
}

// relay forwards until the connection is dead, and reads on.
func (b *balancer) relay(to io.Writer, from io.Reader, era int32) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if b.era.Load() == era {
			_, _ = to.Write(buffer[:n])
		}
	}
}

// A load balancer fails over, again and again: each time one new image may be undecided, and
// the next is verified in the time that an answer has.
func TestAFailoverCostsOneAnswerAtMost(t *testing.T) {
	w := rig.ForTest(t)
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain HTTP %t", plain), func(t *testing.T) {
			r := w.Registry(rig.RegistryOptions{PlainHTTP: plain})
			images := signed(t, w, r, rig.Signature{}, "production/app", 12)
			b := newBalancer(t, r.Host)
			p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
				c.Registries[0].Host = b.Addr().String()
			}})
			undecided := 0
			for i, image := range images {
				key := strings.Replace(image.Tagged(), r.Host, b.Addr().String(), 1)
				answer := p.validate(t, key)
				if _, ok := good(answer, key); !ok {
					t.Logf("image %d: %s", i, answer.SystemError)
					undecided++
				}
				if i%3 == 2 {
					if undecided > 1 {
						t.Errorf("%d undecided images after one failover", undecided)
					}
					undecided = 0
					if i%2 == 0 { // also while the connections are idle for a while
						<-time.After(1200 * time.Millisecond)
					}
					b.era.Add(1)
				}
			}
		})
	}
}
