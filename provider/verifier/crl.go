package verifier

import (
	"context"
	"crypto/x509"
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
	kept    *lru.Cache[listKey, fetchedCRL]
	failed  *lru.Cache[listKey, time.Time] // when fetching what is kept failed
	joint   singleflight.Group
}

// listKey is where a list is, and whose it is: if two CAs are told to be at one address, one's list must not pass for the
// other's, nor take its place.
type listKey struct {
	url    string
	issuer string // its public key; "" if nobody knows
}

type fetchedCRL struct {
	bundle *crl.Bundle
	at     time.Time // by the wall clock: a machine that slept must not think a list younger than it is
}

func newCRLs(transport http.RoundTripper, age time.Duration) (*crls, error) {
	fetcher, err := crl.NewHTTPFetcher(&http.Client{Transport: transport})
	if err != nil {
		return nil, err
	}
	kept, err := lru.New[listKey, fetchedCRL](maxCRLs)
	if err != nil {
		return nil, err
	}
	failed, err := lru.New[listKey, time.Time](maxCRLs)
	return &crls{fetcher: fetcher, age: age, kept: kept, failed: failed}, err
}

// Fetch implements crl.Fetcher. No verdict stands on a list that is older than age,
// so that a revocation is seen long before the list's own next update; it is fetched
// anew in the last quarter of that time, since verdicts are renewed in theirs. While
// that fails, or brings another CA's list or one from before, the old one serves until
// its next update.
func (c *crls) Fetch(ctx context.Context, url string) (*crl.Bundle, error) {
	ledger := ledgerOf(ctx)
	issuer := ledger.issuer(url)
	key := keyOf(url, issuer)
	kept, ok := c.kept.Get(key)
	ok = ok && time.Now().Before(nextUpdate(kept.bundle))
	if !ok || !young(kept.at, inUse(c.age)) && !c.fails(key) {
		fresh, err := c.fetch(ctx, url)
		switch {
		case err == nil && (!ok || follows(fresh.bundle, kept.bundle, issuer)):
			kept = fresh
			ledger.holdList(key, fresh)
		case !ok:
			return nil, err
		default:
			c.failed.Add(key, time.Now().Round(0))
		}
	}
	ledger.bound(nextUpdate(kept.bundle))
	ledger.lapse(c.lapses(key, kept))
	return kept.bundle, nil
}

func keyOf(url string, issuer *x509.Certificate) listKey {
	if issuer == nil {
		return listKey{url: url}
	}
	return listKey{url, string(issuer.RawSubjectPublicKeyInfo)}
}

// follows tells whether a list may take the place of an accepted one: not if the same CA did not sign it, which the
// library would refuse, nor if the CA has said more since. Lists come in plain text, and whoever is on the way may send
// an old one, in which nobody is revoked yet. Such a one is older by its date and its number (RFC 5280 sections 5.1.2.4
// and 5.2.3); a CA that was set up anew may begin to number again, and one whose clock was mended may go back in time.
func follows(fresh, kept *crl.Bundle, issuer *x509.Certificate) bool {
	for _, list := range []*x509.RevocationList{fresh.BaseCRL, fresh.DeltaCRL} {
		if list != nil && issuer != nil && list.CheckSignatureFrom(issuer) != nil {
			return false
		}
	}
	before, after := latest(kept), latest(fresh)
	return !after.ThisUpdate.Before(before.ThisUpdate) ||
		before.Number != nil && after.Number != nil && after.Number.Cmp(before.Number) >= 0
}

// latest is what a CA said last: a list and those that amend it are numbered in one row.
func latest(b *crl.Bundle) *x509.RevocationList {
	if b.DeltaCRL != nil {
		return b.DeltaCRL
	}
	return b.BaseCRL
}

// young tells whether something happened within a time. A clock that was set back tells nothing.
func young(at time.Time, within time.Duration) bool {
	age := time.Since(at)
	return age >= 0 && age < within
}

// inUse is how long an answer is used without asking for a newer one.
func inUse(age time.Duration) time.Duration { return age * 3 / 4 }

// lapses is when a verdict that stands on the list must be judged again: when the list is too old or, where no other can
// be had, when it is time to try again. Without that, verdicts would be renewed ever more often towards the end.
func (c *crls) lapses(key listKey, list fetchedCRL) time.Time {
	at, again := list.at.Add(c.age), time.Now().Add(c.age/10)
	if c.fails(key) && at.Before(again) {
		return again
	}
	return at
}

// fails tells whether fetching failed so lately that trying again would only keep
// people waiting for what an old list can tell them.
func (c *crls) fails(key listKey) bool {
	at, ok := c.failed.Get(key)
	return ok && young(at, c.age/10)
}

// fetch fetches once for all who ask meanwhile, and so goes on when the first of
// them leaves: the transport bounds it.
func (c *crls) fetch(ctx context.Context, url string) (fetchedCRL, error) {
	fetched, err, _ := c.joint.Do(url, func() (any, error) {
		bundle, err := c.fetcher.Fetch(context.WithoutCancel(ctx), url)
		return fetchedCRL{bundle, time.Now().Round(0)}, err
	})
	if err != nil {
		return fetchedCRL{}, err
	}
	return fetched.(fetchedCRL), nil //nolint:forcetypeassert // made three lines above
}

// remember keeps a fresh list that was accepted as one of the issuer's, unless a newer one came meanwhile.
func (c *crls) remember(l *ledger, url string, issuer *x509.Certificate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := l.issuer(url); of != nil && !of.Equal(issuer) {
		return // it was fetched for another certificate of the chain that names the same address
	}
	key := keyOf(url, issuer)
	list, ok := l.lists[key]
	if kept, there := c.kept.Get(key); ok && (!there || follows(list.bundle, kept.bundle, issuer)) {
		c.kept.Add(key, list)
	}
}

func nextUpdate(b *crl.Bundle) time.Time {
	next := b.BaseCRL.NextUpdate
	if b.DeltaCRL != nil && b.DeltaCRL.NextUpdate.Before(next) {
		next = b.DeltaCRL.NextUpdate
	}
	return next
}
