package revocation

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"
)

const thePlace = "the host of the revocation list"

// lists fetches revocation lists and keeps them. Concurrent requests for one list share one fetch.
type lists struct {
	age
	client    *http.Client
	endpoints *endpoints
	kept      *listCache
	failed    failures[listKey]
	group     singleflight.Group
	large     chan struct{} // holds a token while a large list is fetched
}

func newLists(client *http.Client, age age, endpoints *endpoints) (*lists, error) {
	kept, err := newListCache()
	if err != nil {
		return nil, err
	}
	failed, err := newFailures[listKey](age, maxLists)
	return &lists{age: age, client: client, endpoints: endpoints, kept: kept, failed: failed, large: make(chan struct{}, 1)}, err
}

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
			if b := l.kept.get(one.key); b != nil && l.fresh(b.received) {
				kept = append(kept, one)
			} else {
				others = append(others, one)
			}
		}
	}
	all := slices.Concat(kept, others)
	return all[:min(len(all), maxURLs)]
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
	kept := l.kept.get(p.key)
	if kept != nil && p.covers(q.cert, kept) != nil {
		kept = nil // it is for the CA's certificates of another kind
	}
	if kept != nil && (l.fresh(kept.received) || l.failed.recent(p.key)) {
		return kept, nil
	}
	if kept == nil && !q.claim(p.url, l.failed.recent(p.key), secondRound) {
		return nil, problems{}
	}
	fresh, err := l.fetch(ctx, p, q)
	if err == nil {
		return fresh, nil
	}
	if ctx.Err() == nil { // a caller that leaves says nothing about the URL
		l.failed.add(p.key)
	}
	if kept != nil {
		return kept, nil
	}
	return nil, at(p.url, err)
}

// recheckAt is when a verdict that relies on the list must be renewed. That is when the list is too old or, where no newer
// one can be fetched, at the next try. Otherwise verdicts would be renewed ever more often towards the list's end.
func (l *lists) recheckAt(key listKey, b *bundle) time.Time {
	old, retry := b.received.Add(l.max()), time.Now().Add(l.retry())
	if l.failed.recent(key) && old.Before(retry) {
		return retry
	}
	return old
}
