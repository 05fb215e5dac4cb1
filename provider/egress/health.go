package egress

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sony/gobreaker/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// ErrCircuitOpen is a request that was not sent, because the host or the repository has failed
// many times in a row.
var ErrCircuitOpen = errors.New("it keeps failing; it is asked again in a moment")

const (
	// tripAfter is how many failures in a row open the circuit of a repository, and have its
	// host probed.
	tripAfter = 10
	// probeEvery is how long an open circuit lets no request through; then one may try. It is
	// under a second, so that a recovery is soon found.
	probeEvery = 800 * time.Millisecond
	// maxHosts and maxRepositories bound what is kept, since users may name any number.
	maxHosts, maxRepositories = 64, 1024
)

// Health is what transports know of hosts and of their repositories. Users choose what is
// asked for, and must not make it fail for others. So a failure or a 429 is held against the
// repository that was asked for, and against its host only where our own probe fails too.
type Health struct {
	mu           sync.Mutex
	hosts        *lru.Cache[string, *hostHealth]
	repositories *lru.Cache[string, *repositoryHealth]
}

// NewHealth returns a Health without failures.
func NewHealth() *Health {
	hosts, err := lru.New[string, *hostHealth](maxHosts)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	repositories, err := lru.New[string, *repositoryHealth](maxRepositories)
	if err != nil {
		panic(err)
	}
	return &Health{hosts: hosts, repositories: repositories}
}

type repositoryKey struct{}

// ForRepository notes which repository is asked about, by its full name, for all requests
// that are made with the context: those for tokens, and redirected ones. Without it a host
// counts as one repository.
func ForRepository(ctx context.Context, repository string) context.Context {
	return context.WithValue(ctx, repositoryKey{}, repository)
}

// of returns what is known of the host and the repository of a request.
func (h *Health) of(request *http.Request) (*hostHealth, *repositoryHealth) {
	host := request.URL.Host
	repository, _ := request.Context().Value(repositoryKey{}).(string)
	key := host + " " + repository
	h.mu.Lock()
	defer h.mu.Unlock()
	ofHost, ok := h.hosts.Get(host)
	if !ok {
		ofHost = &hostHealth{circuit: gobreaker.NewCircuitBreaker[struct{}](hostCircuit)}
		h.hosts.Add(host, ofHost)
	}
	ofRepository, ok := h.repositories.Get(key)
	if !ok {
		ofRepository = &repositoryHealth{circuit: gobreaker.NewTwoStepCircuitBreaker[struct{}](repositoryCircuit)}
		h.repositories.Add(key, ofRepository)
	}
	return ofHost, ofRepository
}

// CircuitOpen tells whether a host fails, so that it gets probes only.
func (h *Health) CircuitOpen(host string) bool {
	known, ok := h.hosts.Peek(host)
	return ok && known.circuit.State() != gobreaker.StateClosed
}

// repositoryHealth is what is known of one repository at a host.
type repositoryHealth struct {
	cooldown

	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	last    atomic.Pointer[error] // the last failure
	renewal atomic.Int64          // when the last renewal passed the cooldown
}

var repositoryCircuit = gobreaker.Settings{
	MaxRequests: 1,
	Timeout:     probeEvery,
	ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
	// A client that leaves says nothing about the server.
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}

// allow says whether the repository may be asked for; done takes the request's failure. A
// renewal of an image in use passes an open circuit: there are few, and an image in use
// must not suffer from requests for others.
func (r *repositoryHealth) allow(ctx context.Context) (done func(error), err error) {
	count, broken := r.circuit.Allow()
	switch {
	case broken == nil:
	case provider.IsRenewal(ctx):
		count = func(error) {}
	default:
		return nil, circuitOpen(r.last.Load(), broken)
	}
	return func(failed error) {
		if failed != nil {
			r.last.Store(&failed)
		}
		count(failed)
	}, nil
}

// renewEvery is how often a renewal may be sent to a repository that limits our rate.
const renewEvery = time.Second

// mayRenew tells whether a renewal need not wait for the end of a cooldown.
func (r *repositoryHealth) mayRenew() bool {
	now, last := time.Now().UnixNano(), r.renewal.Load()
	return (now < last || now-last >= int64(renewEvery)) && r.renewal.CompareAndSwap(last, now)
}

// circuitOpen is ErrCircuitOpen with the failure that opened the circuit.
func circuitOpen(last *error, broken error) error {
	if last != nil {
		broken = *last
	}
	return fmt.Errorf("%w: %w", ErrCircuitOpen, broken)
}

// hostHealth is what is known of a host: it is well until a probe fails.
type hostHealth struct {
	cooldown

	circuit  *gobreaker.CircuitBreaker[struct{}] // of probes alone
	failures atomic.Int32                        // in a row, of all requests
	probed   atomic.Int64                        // when failures last led to a probe
	last     atomic.Pointer[error]               // the last failure of a probe
}

var hostCircuit = gobreaker.Settings{
	MaxRequests: 1,
	Timeout:     probeEvery,
	ReadyToTrip: func(gobreaker.Counts) bool { return true },
}

// awaitProbe says whether a host whose circuit is open may be asked: it waits for a probe.
func (h *hostHealth) awaitProbe(ctx context.Context, probe func() error) error {
	probed := make(chan error, 1)
	go func() { probed <- h.try(probe) }()
	select {
	case err := <-probed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try probes the host, unless a probe is under way or was within probeEvery.
func (h *hostHealth) try(probe func() error) error {
	_, err := h.circuit.Execute(func() (struct{}, error) {
		err := probe()
		if err != nil {
			h.last.Store(&err)
		}
		return struct{}{}, err
	})
	if err != nil {
		return circuitOpen(h.last.Load(), err)
	}
	return nil
}

// note counts the failure of a request, and has the host probed after many of them in a row.
func (h *hostHealth) note(failed error, probe func() error) {
	if errors.Is(failed, context.Canceled) {
		return
	}
	if h.failures.Add(1) < tripAfter {
		return
	}
	now, last := time.Now().UnixNano(), h.probed.Load()
	if (now < last || now-last >= int64(probeEvery)) && h.probed.CompareAndSwap(last, now) {
		h.failures.Store(0)
		go func() { _ = h.try(probe) }() // the next request finds the result
	}
}
