package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// background runs calls under one context, which ends with the cache.
type background struct {
	limit    Limit
	settings *atomic.Pointer[Settings]
	observe  func(string, Event)
	took     func(string, time.Duration)

	ctx    context.Context //nolint:containedctx // the life of the cache, which its calls may not outlive
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newBackground(o Options, s *atomic.Pointer[Settings]) *background {
	ctx, cancel := context.WithCancel(context.Background())
	if o.Observe == nil {
		o.Observe = func(string, Event) {}
	}
	if o.Took == nil {
		o.Took = func(string, time.Duration) {}
	}
	return &background{limit: o.Limit, settings: s, observe: o.Observe, took: o.Took, ctx: ctx, cancel: cancel}
}

// start runs work with a deadline of its own; false if the cache is closed. Its log lines have
// the id of the request that started it.
func (l *background) start(request context.Context, work func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.wg.Go(func() {
		ctx, cancel := context.WithTimeout(logging.ForRequest(l.ctx, request), l.settings.Load().VerifyWithin)
		defer cancel()
		work(ctx)
	})
	return true
}

func (l *background) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.wg.Wait()
}
