package egress

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Bounds of what a server may ask for with Retry-After: one that names no time
// gets a second, and none keeps us away for longer than a minute.
const (
	defaultRest = time.Second
	maxRest     = time.Minute
)

// RestingError is a request that was not sent: the server asked to be left alone.
type RestingError struct {
	// Until is when it may be asked again.
	Until time.Time
}

// Error implements error.
func (e *RestingError) Error() string {
	return fmt.Sprintf("rate limited: asking again after %s", e.Until.UTC().Format(time.RFC3339))
}

// cooldown is when a server may be asked again, in nanoseconds since the epoch.
type cooldown struct{ end atomic.Int64 }

func (c *cooldown) until(t time.Time) { c.end.Store(t.UnixNano()) }

// fits tells whether the server may be asked again before ctx ends.
func (c *cooldown) fits(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || c.end.Load() < deadline.UnixNano()
}

// wait waits until the server may be asked, or fails at once if that is too late.
func (c *cooldown) wait(ctx context.Context) error {
	end := time.Unix(0, c.end.Load())
	pause := time.Until(end)
	if pause <= 0 {
		return nil
	}
	if !c.fits(ctx) {
		return &RestingError{Until: end}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxRest/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(date), 0), maxRest)
	}
	return defaultRest
}
