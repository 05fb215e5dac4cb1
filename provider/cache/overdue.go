package cache

import (
	"context"
	"errors"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// skipWindow is how long after a wait in vain other requests do not wait. A request within it
// is most likely about the same object: Gatekeeper evaluates constraints one after the other,
// each sends its own request, and the webhook has one deadline for all. A request after it is
// a retry, and waits.
const skipWindow = 2 * time.Second

// maxOverdue bounds how many overdue questions are kept.
const maxOverdue = 4096

// question is what a request asks: the verdict under a policy, or, without a fingerprint,
// what a tag stands for. The two have deadlines of their own, so they are kept apart.
type question struct {
	image       provider.Image
	fingerprint string
}

// noteOverdue keeps the question of a request that failed by its deadline. A client that disconnected says nothing about how
// long the answer takes.
func (c *Cache) noteOverdue(ctx context.Context, q question) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		c.overdue.Add(q, time.Now())
	}
}

// skipWait tells whether to answer at once that the question is undecided: a request has
// waited for it in vain within the skipWindow, and the check is still under way.
func (c *Cache) skipWait(q question) bool {
	if at, ok := c.overdue.Get(q); !ok || time.Since(at) >= skipWindow {
		return false
	}
	memory, ok := c.underWay(q)
	if ok {
		c.bg.observe(memory, Joined)
	}
	return ok
}

// underWay tells whether the check is under way now, and for which memory.
func (c *Cache) underWay(q question) (memory string, ok bool) {
	digest := q.image.Digest
	if digest == "" {
		tag := tagKey{q.image.Repository, q.image.Tag}
		if c.tags.underWay(tag) {
			return Tags, true
		}
		resolved, _, known := c.tags.recall(tag)
		if !known || !resolved.found {
			return "", false
		}
		digest = resolved.desc.Digest
	}
	return Verdicts, c.verdicts.underWay(verdictKey{q.image.Repository, digest, q.fingerprint})
}

// notInTime is the error of a request whose deadline has passed while the check goes on.
func notInTime(err error) error {
	return provider.Undecided(provider.CauseDeadline, err, "the check is not done in time, and goes on")
}
