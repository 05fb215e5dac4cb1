package revocation

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds on what a certificate authority may send.
const (
	// MaxListBytes bounds a revocation list. Public CAs have lists of 16 MiB; notation-core-go has the same bound.
	MaxListBytes = 32 << 20
	// maxListsBytes bounds all lists that are kept, maxLists their number.
	maxListsBytes = 64 << 20
	maxLists      = 256
	// largeList is the size from which lists are fetched one at a time, so that their sum stays bounded.
	largeList = 1 << 20
	// maxResponseBytes bounds an OCSP response. An honest one has 2 KiB; notation-core-go has the same bound.
	maxResponseBytes = 20 << 10
	// maxResponses bounds the OCSP responses that are kept: one for each certificate.
	maxResponses = 1024
	// maxURLs bounds how many URLs of one certificate are asked, of each kind.
	maxURLs = 8
)

// maxSkew is how far the clock of a certificate authority may be ahead of ours. RFC 6960 section 4.2.2.1 and RFC 5280
// leave it to the client.
const maxSkew = 5 * time.Minute

// Options are what [New] needs.
type Options struct {
	// Transport sends the requests. It bounds each in time and decides which addresses may be reached.
	Transport http.RoundTripper
	// MaxAge is how old an answer may be that a verdict relies on; never beyond its own next update. A newer answer is asked
	// for after three quarters of that time.
	MaxAge time.Duration
	// Log gets a line when an endpoint begins to fail, and one when it works again. Default: none.
	Log *slog.Logger
	// Observe is told how each request ended. Default: not told.
	Observe func(kind, outcome string)
}

// Checker asks certificate authorities, and keeps their answers. It is safe for concurrent use.
type Checker struct {
	responders  *responders
	lists       *lists
	revocations *revocations
	endpoints   *endpoints
	age         age
}

// New returns a checker that has asked no CA yet.
func New(o Options) (*Checker, error) {
	client := &http.Client{Transport: o.Transport}
	revocations, err := newRevocations()
	if err != nil {
		return nil, err
	}
	endpoints, err := newEndpoints(o.Log, o.Observe)
	if err != nil {
		return nil, err
	}
	age := age{new(atomic.Int64)}
	age.nanoseconds.Store(int64(o.MaxAge))
	lists, err := newLists(client, age, endpoints)
	if err != nil {
		return nil, err
	}
	responders, err := newResponders(client, age, lists, revocations)
	return &Checker{responders: responders, lists: lists, revocations: revocations, endpoints: endpoints, age: age}, err
}

// SetMaxAge changes how old an answer may be, also for those that are kept.
func (c *Checker) SetMaxAge(max time.Duration) { c.age.nanoseconds.Store(int64(max)) }

// Check asks about every certificate of a chain but the last, which is the root: no CA revokes itself. The chain goes from
// the leaf up, each certificate issued by the next; the caller has verified that. A signing time that is not zero is
// an authentic one: a revocation whose invalidity date (RFC 5280 section 5.3.2) is later does not count.
func (c *Checker) Check(ctx context.Context, chain []*x509.Certificate, signingTime time.Time) Status {
	results := make([]certStatus, max(len(chain)-1, 0))
	var asked sync.WaitGroup
	for i := range results {
		asked.Go(func() {
			results[i] = c.certificate(ctx, question{cert: chain[i], issuer: chain[i+1], signingTime: signingTime, asked: map[string]bool{}})
		})
	}
	asked.Wait()
	return summary(chain, results)
}

// question is one certificate to ask about.
type question struct {
	cert, issuer *x509.Certificate
	signingTime  time.Time
	asked        map[string]bool // the URLs that were asked for it so far
}

// claim tells whether a URL is to be asked now: in the first round those that did not fail lately, in the second the others.
func (q question) claim(url string, failedLately, secondRound bool) bool {
	if q.asked[url] || failedLately && !secondRound {
		return false
	}
	q.asked[url] = true
	return true
}

// certificate asks about one certificate: its OCSP responders, then its lists. URLs that failed lately are asked last, if no
// other has an answer, so that a dead one does not delay every image.
func (c *Checker) certificate(ctx context.Context, q question) certStatus {
	if !revocable(q.cert) {
		return certStatus{}
	}
	why := problems{}
	for _, secondRound := range []bool{false, true} {
		for _, ask := range []func(context.Context, question, bool) (certStatus, error){c.responders.ask, c.lists.ask} {
			answer, err := ask(ctx, q, secondRound)
			if err == nil {
				return c.revocations.apply(q, answer)
			}
			why = append(why, err)
		}
	}
	return certStatus{unknown: &UnknownError{Subject: q.cert.Subject.String(), problems: why}}
}

// revocable tells whether a certificate has an OCSP or CRL URL, in any form. A form that cannot be read makes the status
// unknown: crypto/x509 ignores much that parsePoints refuses.
func revocable(c *x509.Certificate) bool {
	return len(c.OCSPServer) > 0 || has(c.Extensions, oidCRLDistributionPoints)
}
