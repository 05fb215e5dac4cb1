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

// ErrCircuitOpen is a request that was not sent, because the host or the repository failed so
// often in a row that waiting for it once more does not help.
var ErrCircuitOpen = errors.New("it keeps failing; it is asked again in a moment")

const (
	// tripAfter is how many failures in a row break the circuit to a repository, and let a
	// host be probed.
	tripAfter = 10
	// probeEvery is how long a broken circuit lets nothing through; then one request may
	// try. Under a second, so that what is well again is soon found to be.
	probeEvery = 800 * time.Millisecond
	// maxHosts and maxRepositories bound what is kept track of, as anybody may name more.
	maxHosts, maxRepositories = 64, 1024
)

// Health is what transports have learnt of hosts and of the repositories there. What
// strangers can make fail decides nothing for others, and they choose what is asked: so a
// failure, or the wish to be left alone, is held against the repository that was asked
// for. It is held against the host only where a question of our own, its probe, fails too.
type Health struct {
	mu           sync.Mutex
	hosts        *lru.Cache[string, *hostHealth]
	repositories *lru.Cache[string, *repositoryHealth]
}

// NewHealth knows of nothing.
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
		ofHost = newHostHealth()
		h.hosts.Add(host, ofHost)
	}
	ofRepository, ok := h.repositories.Get(key)
	if !ok {
		ofRepository = newRepositoryHealth()
		h.repositories.Add(key, ofRepository)
	}
	return ofHost, ofRepository
}

// repositoryHealth is what is known of one repository at a host.
type repositoryHealth struct {
	cooldown

	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	last    atomic.Pointer[error] // what failed last
	renewal atomic.Int64          // when the last renewal went though it rests
}

func newRepositoryHealth() *repositoryHealth {
	return &repositoryHealth{circuit: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     probeEvery,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		// Who goes away, or has no more time, says nothing about whom was asked.
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
	})}
}

// allow says whether the repository may be asked about, and takes what came of it. The
// renewal of what is in use goes through a broken circuit: it would tell of no failure of
// its own, and there are few.
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

// isClosed tells that the circuit is not broken, and that this is no probe of it.
func (r *repositoryHealth) isClosed() bool { return r.circuit.State() == gobreaker.StateClosed }

// renewEvery is how often a renewal may be sent to a repository that rests.
const renewEvery = time.Second

// renews tells whether a renewal need not wait for the end of a rest.
func (r *repositoryHealth) renews(ctx context.Context) bool {
	if !provider.IsRenewal(ctx) {
		return false
	}
	now, last := time.Now().UnixNano(), r.renewal.Load()
	return (now < last || now-last >= int64(renewEvery)) && r.renewal.CompareAndSwap(last, now)
}

// circuitOpen is ErrCircuitOpen with what broke the circuit, which is what can be mended.
func circuitOpen(last *error, broken error) error {
	if last != nil {
		broken = *last
	}
	return fmt.Errorf("%w: %w", ErrCircuitOpen, broken)
}

// hostHealth is what is known of a host: that it is well, until a probe fails.
type hostHealth struct {
	cooldown

	circuit  *gobreaker.CircuitBreaker[struct{}] // of probes alone
	failures atomic.Int32                        // in a row, of all that was asked
	probed   atomic.Int64                        // when a suspicion last led to a probe
	last     atomic.Pointer[error]               // what the last probe failed by
}

func newHostHealth() *hostHealth {
	return &hostHealth{circuit: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     probeEvery,
		ReadyToTrip: func(gobreaker.Counts) bool { return true },
	})}
}

// allow says whether a host may be asked. Where a broken circuit may be tried again it
// waits for the probe that tells.
func (h *hostHealth) allow(ctx context.Context, probe func() error) error {
	if h.circuit.State() == gobreaker.StateClosed {
		return nil
	}
	probed := make(chan error, 1)
	go func() { probed <- h.try(probe) }()
	select {
	case err := <-probed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try probes the host, unless that is under way, or was a moment ago.
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

// note counts what came of a request, and has the host probed where all has failed lately.
func (h *hostHealth) note(failed error, probe func() error) {
	if errors.Is(failed, context.Canceled) {
		return
	}
	if failed == nil {
		h.failures.Store(0)
		return
	}
	if h.failures.Add(1) < tripAfter {
		return
	}
	now, last := time.Now().UnixNano(), h.probed.Load()
	if (now < last || now-last >= int64(probeEvery)) && h.probed.CompareAndSwap(last, now) {
		h.failures.Store(0)
		go func() { _ = h.try(probe) }() // the next request hears of it
	}
}
