package verifier

import (
	"context"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"golang.org/x/sync/singleflight"
)

// maxCRLs bounds the revocation lists that are kept: one for each CA that signs.
const maxCRLs = 64

// crls fetches revocation lists, once for all who ask, and uses them again.
type crls struct {
	fetcher crl.Fetcher
	age     time.Duration
	kept    *lru.Cache[string, fetchedCRL]
	failed  *lru.Cache[string, time.Time] // when fetching what is kept failed
	joint   singleflight.Group
}

type fetchedCRL struct {
	bundle *crl.Bundle
	at     time.Time
}

func newCRLs(transport http.RoundTripper, age time.Duration) (*crls, error) {
	fetcher, err := crl.NewHTTPFetcher(&http.Client{Transport: transport})
	if err != nil {
		return nil, err
	}
	kept, err := lru.New[string, fetchedCRL](maxCRLs)
	if err != nil {
		return nil, err
	}
	failed, err := lru.New[string, time.Time](maxCRLs)
	return &crls{fetcher: fetcher, age: age, kept: kept, failed: failed}, err
}

// Fetch implements crl.Fetcher. No verdict stands on a list that is older than age,
// so that a revocation is seen long before the list's own next update; it is fetched
// anew in the last quarter of that time, since verdicts are renewed in theirs. While
// that fails the old one serves until its next update.
func (c *crls) Fetch(ctx context.Context, url string) (*crl.Bundle, error) {
	ledger := ledgerOf(ctx)
	kept, ok := c.kept.Get(url)
	ok = ok && time.Now().Before(nextUpdate(kept.bundle))
	if !ok || time.Since(kept.at) >= inUse(c.age) && !c.fails(url) {
		fresh, err := c.fetch(ctx, url)
		switch {
		case err == nil:
			kept = fresh
			ledger.holdList(url, fresh)
		case !ok:
			return nil, err
		default:
			c.failed.Add(url, time.Now())
		}
	}
	ledger.bound(nextUpdate(kept.bundle))
	ledger.lapse(c.lapses(kept))
	return kept.bundle, nil
}

// inUse is how long an answer is used without asking for a newer one.
func inUse(age time.Duration) time.Duration { return age * 3 / 4 }

// lapses is when a verdict that stands on the list must be judged again: when the list is too old or, if it is that
// already since no other can be had, when another try to fetch one is due.
func (c *crls) lapses(list fetchedCRL) time.Time {
	if at := list.at.Add(c.age); time.Now().Before(at) {
		return at
	}
	return time.Now().Add(c.age / 10)
}

// fails tells whether fetching failed so lately that trying again would only keep
// people waiting for what an old list can tell them.
func (c *crls) fails(url string) bool {
	at, ok := c.failed.Get(url)
	return ok && time.Since(at) < c.age/10
}

// fetch fetches once for all who ask meanwhile, and so goes on when the first of
// them leaves: the transport bounds it.
func (c *crls) fetch(ctx context.Context, url string) (fetchedCRL, error) {
	fetched, err, _ := c.joint.Do(url, func() (any, error) {
		bundle, err := c.fetcher.Fetch(context.WithoutCancel(ctx), url)
		return fetchedCRL{bundle, time.Now()}, err
	})
	if err != nil {
		return fetchedCRL{}, err
	}
	return fetched.(fetchedCRL), nil //nolint:forcetypeassert // made three lines above
}

// remember keeps a fresh list that was accepted.
func (c *crls) remember(l *ledger, url string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if list, ok := l.lists[url]; ok {
		c.kept.Add(url, list)
	}
}

func nextUpdate(b *crl.Bundle) time.Time {
	next := b.BaseCRL.NextUpdate
	if b.DeltaCRL != nil && b.DeltaCRL.NextUpdate.Before(next) {
		next = b.DeltaCRL.NextUpdate
	}
	return next
}
