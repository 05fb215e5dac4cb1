package revocation

import (
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// age tells how answers grow old: by the nanoseconds in it, which may change at any time.
type age struct{ nanoseconds *atomic.Int64 }

// max is how old an answer may be.
func (a age) max() time.Duration { return time.Duration(a.nanoseconds.Load()) }

// fresh tells whether an answer that came at a time is used without asking for a newer one.
func (a age) fresh(came time.Time) bool { return within(came, a.max()*3/4) }

// retry is how long a URL that failed is asked last.
func (a age) retry() time.Duration { return a.max() / 10 }

// failures keeps when each URL failed, so that one that failed lately is asked last.
type failures[K comparable] struct {
	age
	at *lru.Cache[K, time.Time]
}

func newFailures[K comparable](age age, size int) (failures[K], error) {
	at, err := lru.New[K, time.Time](size)
	return failures[K]{age, at}, err
}

func (f failures[K]) add(key K)    { f.at.Add(key, now()) }
func (f failures[K]) remove(key K) { f.at.Remove(key) }

// recent tells whether a failure is so recent that asking again would only cost time.
func (f failures[K]) recent(key K) bool {
	failed, ok := f.at.Get(key)
	return ok && within(failed, f.retry())
}

// within tells whether something happened within a time before now. It is false after the clock was set back.
func within(at time.Time, span time.Duration) bool {
	since := time.Since(at)
	return since >= 0 && since < span
}

// now is the time by the wall clock alone: after a sleep of the machine the monotonic clock would show too young an answer.
func now() time.Time { return time.Now().Round(0) }
