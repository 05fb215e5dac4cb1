package server

import "time"

// WithClock returns o with now in place of the real clock.
func WithClock(o Options, now func() time.Time) Options { o.now = now; return o }

// WithSleep returns o with sleep in place of waiting for DrainDelay.
func WithSleep(o Options, sleep func(time.Duration)) Options { o.sleep = sleep; return o }
