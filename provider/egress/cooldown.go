package egress

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Bounds of Retry-After: a server that names no time gets a second, and none gets more
// than a minute.
const (
	defaultRetryAfter = time.Second
	maxRetryAfter     = time.Minute
)

// RateLimitedError is a request that was not sent, since the server limits our rate.
type RateLimitedError struct {
	// Until is when it may be asked again.
	Until time.Time
}

// Error implements error.
func (e *RateLimitedError) Error() string {
	return fmt.Sprintf("rate limited: asking again after %s", e.Until.UTC().Format(time.RFC3339))
}

// cooldown is when a server that limits our rate may be asked again.
type cooldown struct {
	mu  sync.Mutex
	end time.Time
}

// extend lets no request through until then, or until a later end that was set before.
func (c *cooldown) extend(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until.After(c.end) {
		c.end = until
	}
}

func (c *cooldown) until() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// wait waits until the server may be asked, or fails at once if that is too late.
func (c *cooldown) wait(ctx context.Context) error {
	for {
		end := c.until()
		pause := time.Until(end)
		if pause <= 0 {
			return nil
		}
		if !fits(ctx, end) {
			return &RateLimitedError{Until: end}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// fits tells whether ctx ends after a time.
func fits(ctx context.Context, then time.Time) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || then.Before(deadline)
}

func sleep(ctx context.Context, pause time.Duration) error {
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
	// A number out of range comes back as the nearest one in it.
	if seconds, err := strconv.Atoi(text); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(date), 0), maxRetryAfter)
	}
	return defaultRetryAfter
}
