package revocation

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Kind is what an endpoint of a certificate authority serves.
type Kind string

// The kinds of endpoints.
const (
	OCSP Kind = "ocsp"
	CRL  Kind = "crl"
)

// Outcome is how a request to an endpoint ended.
type Outcome string

// The outcomes. An answer that does not count is a failure as much as no answer: one signed by a stranger, or one
// older than the last.
const (
	Answered Outcome = "ok"
	Failed   Outcome = "failed"
)

// Kinds are "ocsp" and "crl".
func Kinds() []string { return []string{string(OCSP), string(CRL)} }

// Outcomes are "ok" and "failed".
func Outcomes() []string { return []string{string(Answered), string(Failed)} }

// Endpoint is a place that a certificate names for its status, and how the requests to it ended.
type Endpoint struct {
	Kind Kind
	URL  string
	// FailingSince is when the first request failed after the last good answer; zero if the last request got one.
	FailingSince time.Time
	// Err is why the last request failed; nil if it did not.
	Err error
	// ThisUpdate is from when on the last good answer is valid; zero if there was none.
	ThisUpdate time.Time
	// NextUpdate is until when the last good answer holds; zero if there was none, or it does not say.
	NextUpdate time.Time
}

// maxEndpoints bounds the endpoints that are remembered. Trusted CAs name them, and few.
const maxEndpoints = 256

// endpoints remembers how requests ended, and logs when an endpoint begins and ends to fail. Verdicts go on for as long as
// the last answers hold: without a line in the log nothing is seen until they lapse.
type endpoints struct {
	log     *slog.Logger
	observe func(kind, outcome string)

	mu   sync.Mutex
	kept *simplelru.LRU[endpointKey, *Endpoint]
}

type endpointKey struct {
	kind Kind
	url  string
}

func newEndpoints(log *slog.Logger, observe func(kind, outcome string)) (*endpoints, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if observe == nil {
		observe = func(string, string) {}
	}
	kept, err := simplelru.NewLRU[endpointKey, *Endpoint](maxEndpoints, nil)
	return &endpoints{log: log, observe: observe, kept: kept}, err
}

// answered notes a good answer, and from when and until when it holds.
func (e *endpoints) answered(kind Kind, url string, thisUpdate, nextUpdate time.Time) {
	e.observe(string(kind), string(Answered))
	e.mu.Lock()
	defer e.mu.Unlock()
	endpoint := e.get(kind, url)
	if since := endpoint.FailingSince; !since.IsZero() {
		e.log.Info("revocation endpoint works again", "kind", kind, "url", printable.Text(url), "failedFor", time.Since(since).Round(time.Second).String())
	}
	endpoint.FailingSince, endpoint.Err = time.Time{}, nil
	endpoint.ThisUpdate, endpoint.NextUpdate = thisUpdate, nextUpdate
}

// failed notes a request without a good answer.
func (e *endpoints) failed(kind Kind, url string, err error) {
	e.observe(string(kind), string(Failed))
	e.mu.Lock()
	defer e.mu.Unlock()
	endpoint := e.get(kind, url)
	if endpoint.FailingSince.IsZero() {
		endpoint.FailingSince = now()
		e.log.Warn("revocation endpoint failing", "kind", kind, "url", printable.Text(url), "error", printable.Text(err.Error()), "answerHoldsUntil", endpoint.until())
	}
	endpoint.Err = err
}

func (e *endpoints) get(kind Kind, url string) *Endpoint {
	key := endpointKey{kind, url}
	endpoint, ok := e.kept.Get(key)
	if !ok {
		endpoint = &Endpoint{Kind: kind, URL: url}
		e.kept.Add(key, endpoint)
	}
	return endpoint
}

// until is the end of the last good answer, in words.
func (e Endpoint) until() string {
	if e.NextUpdate.IsZero() {
		return "not known"
	}
	return e.NextUpdate.UTC().Format(time.RFC3339)
}

// Note says how an endpoint fails, on one line; "" if it does not.
func (e Endpoint) Note() string {
	if e.FailingSince.IsZero() {
		return ""
	}
	return string(e.Kind) + " endpoint " + printable.Text(e.URL) + " failing since " + e.FailingSince.UTC().Format(time.RFC3339) +
		", its last answer is valid until: " + e.until() + ": " + printable.Text(e.Err.Error())
}

// Endpoints returns the endpoints that were asked, by kind and URL.
func (c *Checker) Endpoints() []Endpoint {
	c.endpoints.mu.Lock()
	defer c.endpoints.mu.Unlock()
	var all []Endpoint
	for _, endpoint := range c.endpoints.kept.Values() {
		all = append(all, *endpoint)
	}
	slices.SortFunc(all, func(a, b Endpoint) int {
		if order := strings.Compare(string(a.Kind), string(b.Kind)); order != 0 {
			return order
		}
		return strings.Compare(a.URL, b.URL)
	})
	return all
}
