package evidence

import (
	"sync"
	"time"
)

// A breaker opens after so many failures in a row, and lets one attempt through each cooldown.
const (
	breakerFailures = 5
	breakerCooldown = 2 * time.Second
)

// breaker keeps a storage that fails from being asked each time.
type breaker struct {
	mu       sync.Mutex
	failures int
	next     time.Time       // when the next attempt is let through, while it is open
	changed  func(err error) // is called when it opens, with the last error, and when it closes, with nil
}

// allow tells whether an attempt may be made. While the breaker is open, one may in each cooldown.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerFailures {
		return true
	}
	if time.Now().Before(b.next) {
		return false
	}
	b.next = time.Now().Add(breakerCooldown)
	return true
}

// isOpen tells whether the breaker is open.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakerFailures
}

// note says how an attempt ended; nil: it did not fail.
func (b *breaker) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasOpen := b.failures >= breakerFailures
	if err != nil {
		b.failures = min(b.failures+1, breakerFailures)
		b.next = time.Now().Add(breakerCooldown)
	} else {
		b.failures = 0
	}
	if open := b.failures >= breakerFailures; open != wasOpen {
		b.changed(err)
	}
}
