package cache

import (
	"context"
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// skipWindow is for how long it counts that a request has waited for an image in vain. A
// request that comes within it is most likely about the same object: Gatekeeper evaluates
// constraints one after the other, each asks for itself, and the webhook has one deadline
// for them all. A request that comes later is a retry, and waits.
const skipWindow = 2 * time.Second

// maxOverdue bounds how many questions are remembered as waited for in vain.
const maxOverdue = 4096

// question is what a request wants to know: the verdict under a policy, or, without a
// fingerprint, what a tag stands for. Each of the two has a deadline of its own, so a
// request that waited for one in vain says nothing of the other.
type question struct {
	image       provider.Image
	fingerprint string
}

// overdue holds the questions that a request has waited for in vain, and when that was.
type overdue struct {
	missed *lru.Cache[question, time.Time]
}

func newOverdue() (overdue, error) {
	missed, err := lru.New[question, time.Time](maxOverdue)
	return overdue{missed}, err
}

// note remembers the question if the wait for its answer ended with the deadline of ctx.
// A client that went away says nothing of the time that an answer takes.
func (o overdue) note(ctx context.Context, q question) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		o.missed.Add(q, time.Now())
	}
}

// recently tells whether a request has waited for the answer in vain a moment ago.
func (o overdue) recently(q question) bool {
	at, ok := o.missed.Get(q)
	return ok && time.Since(at) < skipWindow
}

// skipWait tells whether to answer at once that the question is not settled: a request has
// waited for it in vain a moment ago, and the check is still under way.
func (c *Cache) skipWait(q question) bool {
	if !c.overdue.recently(q) {
		return false
	}
	memory, ok := c.underWay(q)
	if ok {
		c.bg.observe(memory, Joined)
	}
	return ok
}

// underWay tells whether the answer is being looked for now, and for which memory.
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

// notInTime is the answer to a request whose time is over while the check goes on.
func notInTime(err error) error {
	return provider.Undecided(provider.CauseDeadline, err, "not settled in time; the check goes on, ask again")
}
