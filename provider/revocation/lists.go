package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/crypto/ocsp"
	"golang.org/x/sync/singleflight"
)

const thePlace = "the host of the revocation list"

// lists fetches revocation lists and keeps them. Concurrent requests for one list share one fetch.
type lists struct {
	age
	client    *http.Client
	endpoints *endpoints
	failed    *lru.Cache[listKey, time.Time]
	group     singleflight.Group
	large     chan struct{} // holds a token while a large list is fetched

	mu    sync.Mutex
	kept  *simplelru.LRU[listKey, *bundle]
	bytes int64
}

// listKey is where a list is, and whose it is: two CAs may name one address.
type listKey struct {
	url    string
	issuer string // its subject and public key
}

// bundle is a list and the delta list that amends it, if there is one.
type bundle struct {
	base, delta *list
	received    time.Time // by the wall clock
}

func newLists(client *http.Client, age age, endpoints *endpoints) (*lists, error) {
	l := &lists{age: age, client: client, endpoints: endpoints, large: make(chan struct{}, 1)}
	var err error
	if l.kept, err = simplelru.NewLRU(maxLists, func(_ listKey, b *bundle) { l.bytes -= b.size() }); err != nil {
		return nil, err
	}
	l.failed, err = lru.New[listKey, time.Time](maxLists)
	return l, err
}

func (b *bundle) size() int64 {
	size := int64(len(b.base.RawTBSRevocationList))
	if b.delta != nil {
		size += int64(len(b.delta.RawTBSRevocationList))
	}
	return size
}

func (b *bundle) nextUpdate() time.Time {
	if b.delta != nil {
		return earlier(b.base.NextUpdate, b.delta.NextUpdate)
	}
	return b.base.NextUpdate
}

func (b *bundle) inDate() bool { return !time.Now().After(b.nextUpdate()) }

// ask looks a certificate up in the lists that it names. One list of a distribution point is enough, if it covers the
// certificate; points for some reasons each are enough together.
func (l *lists) ask(ctx context.Context, q question, secondRound bool) (certStatus, error) {
	why := problems{}
	if has(q.cert.Extensions, oidCRLDistributionPoints) && len(l.places(q)) == 0 && !secondRound {
		why = append(why, problemf("the certificate names its revocation list in a form that is not supported"))
	}
	var covered reasons
	var r certStatus
	for _, p := range l.places(q) {
		if ctx.Err() != nil {
			return certStatus{}, append(why, unreachable(thePlace, ctx.Err()))
		}
		b, err := l.get(ctx, p, q, secondRound)
		if err != nil {
			why = append(why, err)
			continue
		}
		r.nextUpdate = earlier(r.nextUpdate, b.nextUpdate())
		r.recheckAt = earlier(r.recheckAt, l.recheckAt(p.key, b))
		r.made = earlier(r.made, b.latest().ThisUpdate)
		if r.revoked = b.revoked(q); r.revoked != nil {
			r.made = b.latest().ThisUpdate
			return r, nil
		}
		if covered |= p.reasons; covered == allReasons {
			return r, nil
		}
	}
	if covered != 0 {
		why = append(why, problemf("the revocation lists are not about all reasons"))
	}
	return certStatus{}, why
}

// place is one URL of a distribution point.
type place struct {
	point

	url string
	key listKey
}

// places are the URLs that a certificate names, first those whose list is kept and fresh.
func (l *lists) places(q question) []place {
	issuer := authorityOf(q.issuer)
	var kept, others []place
	for _, p := range pointsOf(q.cert) {
		for _, url := range p.urls {
			one := place{p, url, listKey{url, issuer}}
			if b := l.lookUp(one.key); b != nil && l.fresh(b.received) {
				kept = append(kept, one)
			} else {
				others = append(others, one)
			}
		}
	}
	all := slices.Concat(kept, others)
	return all[:min(len(all), maxURLs)]
}

func (l *lists) lookUp(key listKey) *bundle {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.kept.Get(key); ok && b.inDate() {
		return b
	}
	return nil
}

// covers says why a list from that URL does not tell whether a certificate is revoked.
func (p place) covers(cert *x509.Certificate, b *bundle) error {
	if needsDelta(cert.Extensions) && !needsDelta(b.base.Extensions) {
		return problemf("the certificate names a delta list that its revocation list does not name, which is not supported")
	}
	return b.base.scope.covers(cert, p.point)
}

// get returns a list that covers the certificate, kept or fetched. No verdict relies on a list that is older than the age, so
// that a revocation is seen long before the list's own next update. While no newer list can be fetched, the old one is used
// until then.
func (l *lists) get(ctx context.Context, p place, q question, secondRound bool) (*bundle, error) {
	kept := l.lookUp(p.key)
	if kept != nil && p.covers(q.cert, kept) != nil {
		kept = nil // it is for the CA's certificates of another kind
	}
	if kept != nil && (l.fresh(kept.received) || l.failing(p.key)) {
		return kept, nil
	}
	if kept == nil && !q.claim(p.url, l.failing(p.key), secondRound) {
		return nil, problems{}
	}
	fresh, err := l.fetch(ctx, p, q)
	if err == nil {
		return fresh, nil
	}
	if ctx.Err() == nil { // a caller that leaves says nothing about the URL
		l.failed.Add(p.key, now())
	}
	if kept != nil {
		return kept, nil
	}
	return nil, at(p.url, err)
}

func (l *lists) failing(key listKey) bool {
	failed, ok := l.failed.Get(key)
	return ok && l.age.failed(failed)
}

// recheckAt is when a verdict that relies on the list must be renewed: when the list is too old or, where no newer one can
// be fetched, at the next try. Otherwise verdicts would be renewed ever more often towards the list's end.
func (l *lists) recheckAt(key listKey, b *bundle) time.Time {
	old, retry := b.received.Add(l.max()), time.Now().Add(l.retry())
	if l.failing(key) && old.Before(retry) {
		return retry
	}
	return old
}

// keep keeps an accepted list and returns the newest one: that, or a later one of the same CA and scope, from any URL. An
// attacker on the network may send an old list, from before a revocation, so an older list is a failed fetch.
func (l *lists) keep(key listKey, fresh *bundle) *bundle {
	l.mu.Lock()
	defer l.mu.Unlock()
	if newer := l.newer(key, fresh); newer != nil {
		l.failed.Add(key, now())
		fresh = newer
	}
	l.kept.Remove(key) // which counts what it takes
	l.kept.Add(key, fresh)
	for l.bytes += fresh.size(); l.bytes > maxListsBytes; {
		l.kept.RemoveOldest()
	}
	return fresh
}

// outdated tells whether a list is older than one of the same CA and scope that was accepted before.
func (l *lists) outdated(key listKey, fresh *bundle) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newer(key, fresh) != nil
}

// newer returns the latest list of the same CA and scope that a list does not supersede; nil if there is none. The caller
// holds the lock.
func (l *lists) newer(key listKey, than *bundle) (newest *bundle) {
	for _, other := range l.kept.Keys() {
		kept, ok := l.kept.Peek(other)
		if ok && other.issuer == key.issuer && kept.inDate() && bytes.Equal(kept.base.idp, than.base.idp) && !than.supersedes(kept) {
			newest, than = kept, kept
		}
	}
	return newest
}

// supersedes tells whether a list is not older than an accepted one of the same CA and scope, by its date or its number
// (RFC 5280 sections 5.1.2.4 and 5.2.3): a CA that was set up again may begin to number again, and one whose clock was
// corrected may go back in time. Lists come over plain HTTP, so an attacker on the network may send an old one, in which
// no certificate is revoked yet.
func (b *bundle) supersedes(kept *bundle) bool {
	before, after := kept.latest(), b.latest()
	return !after.ThisUpdate.Before(before.ThisUpdate) ||
		before.Number != nil && after.Number != nil && after.Number.Cmp(before.Number) >= 0
}

// latest is the CA's latest list: a list and its delta lists share one sequence of numbers.
func (b *bundle) latest() *list {
	if b.delta != nil {
		return b.delta
	}
	return b.base
}

// revoked looks a certificate up; nil if it is not revoked. The last entry counts of those that suspend a certificate
// (certificateHold) and take that back (removeFromCRL); any other revokes it for good.
func (b *bundle) revoked(q question) *Revocation {
	var all []*Revocation
	for _, e := range b.base.find(q.cert) {
		r := e.revocation()
		if r.Reason == ocsp.RemoveFromCRL { // which stands in delta lists only (RFC 5280 section 5.3.1)
			return r
		}
		all = append(all, r)
	}
	if b.delta != nil {
		for _, e := range b.delta.find(q.cert) {
			all = append(all, e.revocation())
		}
	}
	var last *Revocation
	for _, r := range all {
		if r.Reason != ocsp.CertificateHold && r.Reason != ocsp.RemoveFromCRL {
			return r
		}
		if last == nil || !r.At.Before(last.At) {
			last = r
		}
	}
	if last != nil && last.Reason == ocsp.RemoveFromCRL {
		return nil
	}
	return last
}
