package cache

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// entry is a settled value with its age limits.
type entry[V any] struct {
	value V
	// made has both readings of the clock, wall and monotonic.
	made time.Time
	// keep is the greatest age at which the entry is used. From the age renew on a lookup
	// renews it in the background.
	renew, keep time.Duration
}

// age is how old the entry is; false if it was made in the future.
func (e entry[V]) age(now time.Time) (age time.Duration, known bool) {
	return ageBy(now.Round(0).Sub(e.made.Round(0)), now.Sub(e.made))
}

// ageBy is the greater of the ages by the wall clock and the monotonic clock: the wall clock
// goes on while the machine sleeps, and the monotonic clock is not set back. It is false
// for an entry that was made in the future.
func ageBy(wall, monotonic time.Duration) (age time.Duration, known bool) {
	return max(wall, monotonic), wall >= 0
}

// holds tells whether the entry may still be used, and whether it is due for renewal.
func (e entry[V]) holds(now time.Time) (ok, stale bool) {
	age, known := e.age(now)
	return known && age < e.keep, age >= e.renew
}

// forgetLapsed drops the oldest entries that have lapsed, so that a flood of refusals does not take memory for longer than
// its entries hold.
func forgetLapsed[K comparable, V any](entries *lru.Cache[K, entry[V]], now time.Time) {
	for {
		_, oldest, any := entries.GetOldest()
		if !any {
			return
		}
		if holds, _ := oldest.holds(now); holds {
			return
		}
		entries.RemoveOldest()
	}
}

// backOffRenewal delays the next renewal of an entry whose renewal failed, by half of its
// remaining life: a registry that is down must not be asked as often as its images are.
func (m *memory[K, V]) backOffRenewal(entries *lru.Cache[K, entry[V]], key K) {
	e, ok := entries.Peek(key)
	if !ok {
		return
	}
	now := time.Now()
	if ok, _ := e.holds(now); ok {
		age, _ := e.age(now)
		e.renew = age + (e.keep-age)/2
		entries.Add(key, e)
	}
}
