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
)

// ErrBroken is a request that was not sent, because the host failed so often in a row
// that waiting for it once more helps nobody.
var ErrBroken = errors.New("the host keeps failing; it is asked again in a moment")

const (
	// tripAfter is how many failures in a row break the circuit to a host.
	tripAfter = 10
	// probeEvery is how long a broken circuit lets nothing through; then one request may
	// try. Under a second, so that a host that is well again is soon found to be.
	probeEvery = 800 * time.Millisecond
	// maxBreakers bounds the hosts that are kept track of.
	maxBreakers = 256
)

// breakers are the circuit breakers of the hosts that a transport asks.
type breakers struct {
	mu    sync.Mutex
	hosts *lru.Cache[string, *breaker]
}

// breaker is a circuit breaker that remembers why.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]

	last atomic.Pointer[error] // what failed last
}

func newBreakers() *breakers {
	hosts, err := lru.New[string, *breaker](maxBreakers)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return &breakers{hosts: hosts}
}

// allow says whether a host may be asked, and takes what counts against it then.
func (b *breakers) allow(host string) (done func(error), err error) {
	of := b.of(host)
	count, err := of.Allow()
	if err == nil {
		return func(failed error) {
			if failed != nil {
				of.last.Store(&failed)
			}
			count(failed)
		}, nil
	}
	if last := of.last.Load(); last != nil {
		err = *last
	}
	return nil, fmt.Errorf("%w: %w", ErrBroken, err)
}

func (b *breakers) of(host string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok := b.hosts.Get(host)
	if !ok {
		found = &breaker{TwoStepCircuitBreaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			MaxRequests: 1,
			Timeout:     probeEvery,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
			// Who goes away, or has no more time, says nothing about the host.
			IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		})}
		b.hosts.Add(host, found)
	}
	return found
}

// failure is what counts against a host: no answer in the time that a request has, or
// that it says it failed. What it says of us, of what was asked for and of our rate
// does not, nor does a connection that was kept and died.
func failure(request *http.Request, status int, err error) error {
	switch {
	case err != nil && request.Context().Err() != nil, errors.Is(err, ErrKept):
		return context.Canceled
	case isFailure(status):
		return errors.New(http.StatusText(status))
	}
	return err
}

// isFailure tells the statuses by which a server says that it failed. A 501 is not one of them: it says that there is no
// such method or API, and says so again.
func isFailure(status int) bool {
	return status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}
