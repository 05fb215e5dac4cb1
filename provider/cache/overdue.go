package cache

import (
	"context"
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

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

// overdue holds the questions that a request has waited for in vain, and when.
type overdue struct {
	missed *lru.Cache[question, time.Time]
}

func newOverdue() (overdue, error) {
	missed, err := lru.New[question, time.Time](maxOverdue)
	return overdue{missed}, err
}

// note keeps the question if the wait for its answer failed by the deadline of ctx. A client
// that disconnected says nothing about how long the answer takes.
func (o overdue) note(ctx context.Context, q question, err error) {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		o.missed.Add(q, time.Now())
	}
}

// skipWait tells whether to answer at once that the question is undecided: a request has
// waited for it in vain within the skipWindow, and the check is still under way.
func (c *Cache) skipWait(q question) bool {
	if at, ok := c.overdue.missed.Get(q); !ok || time.Since(at) >= skipWindow {
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
