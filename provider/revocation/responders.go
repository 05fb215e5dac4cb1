package revocation

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/crypto/ocsp"
	"golang.org/x/sync/singleflight"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

const theResponder = "the OCSP responder"

// responders asks OCSP responders and keeps their answers. Concurrent requests about one certificate share one question.
type responders struct {
	age
	client      *http.Client
	lists       *lists // which tell whether a responder's own certificate is revoked
	revocations *revocations

	mu     sync.Mutex // between the look at what is kept and the change of it
	kept   *lru.Cache[certKey, statement]
	failed failures[string] // by URL
	group  singleflight.Group
}

func newResponders(client *http.Client, age age, lists *lists, revocations *revocations) (*responders, error) {
	kept, err := lru.New[certKey, statement](maxResponses)
	if err != nil {
		return nil, err
	}
	failed, err := newFailures[string](age, maxResponses)
	return &responders{age: age, client: client, lists: lists, revocations: revocations, kept: kept, failed: failed}, err
}

// ask asks the responders that a certificate names, one after the other, until one tells good or revoked.
func (r *responders) ask(ctx context.Context, q question, secondRound bool) (certStatus, error) {
	key := keyOf(q.cert, q.issuer)
	if kept, ok := r.kept.Get(key); ok && r.fresh(kept.received) && kept.inDate(r.max()) == nil {
		return kept.status(r.max()), nil
	}
	why := problems{}
	for _, place := range q.cert.OCSPServer[:min(len(q.cert.OCSPServer), maxURLs)] {
		if ctx.Err() != nil {
			return certStatus{}, append(why, unreachable(theResponder, ctx.Err()))
		}
		if !q.claim(place, r.failed.recent(place), secondRound) {
			continue
		}
		fresh, err := r.fetch(ctx, place, key, q)
		if err == nil {
			return fresh.status(r.max()), nil
		}
		why = append(why, at(place, err))
	}
	return certStatus{}, why
}

// fetch asks one responder. It goes on when its caller leaves: the transport bounds it in time.
func (r *responders) fetch(ctx context.Context, place string, key certKey, q question) (statement, error) {
	return join(ctx, &r.group, fmt.Sprintf("%q %s", key, place), func() (statement, error) {
		fresh, err := r.request(context.WithoutCancel(ctx), place, q)
		if err != nil {
			r.lists.endpoints.failed(OCSP, place, err)
			return statement{}, err
		}
		counts := r.keep(key, fresh)
		if counts.Response == fresh.Response {
			r.lists.endpoints.answered(OCSP, place, fresh.ThisUpdate, fresh.NextUpdate)
		} else {
			r.lists.endpoints.failed(OCSP, place, problemf("the answer is older than one that was given before"))
		}
		return counts, nil
	})
}

// keep keeps a statement that passed every check, and returns the newest one: that, or the one kept before. An attacker on
// the network may send an old answer, from before a revocation.
func (r *responders) keep(key certKey, fresh statement) statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept, ok := r.kept.Get(key)
	if ok && kept.inDate(r.max()) == nil && isOlder(kept, fresh) {
		kept.received = fresh.received
		fresh = kept
	}
	r.kept.Add(key, fresh)
	return fresh
}

// request asks one responder. It uses GET where the request is short (RFC 5019 section 5, RFC 6960 appendix A.1).
// Where it is long, or the responder takes no GET, it uses POST.
func (r *responders) request(ctx context.Context, place string, q question) (statement, error) {
	if err := checkURL(theResponder, place); err != nil {
		return statement{}, err
	}
	body, err := ocsp.CreateRequest(q.cert, q.issuer, &ocsp.RequestOptions{Hash: crypto.SHA1}) // which every responder knows
	if err != nil {
		return statement{}, &problem{"the OCSP request cannot be made", err}
	}
	ctx = egress.ForRepository(ctx, place)
	answer, err := r.get(ctx, place, body)
	if errors.Is(err, errLong) || takesNoGET(err) {
		answer, err = r.send(ctx, http.MethodPost, place, body)
	}
	if err != nil {
		r.failed.add(place)
		return statement{}, unanswered(theResponder, err)
	}
	r.failed.remove(place)
	response, err := r.read(ctx, answer, q.cert, q.issuer)
	return statement{response, now()}, err
}

// takesNoGET tells whether a responder refused the request itself, and did not fail.
func takesNoGET(err error) bool {
	status, ok := errors.AsType[statusError](err)
	return ok && status >= 400 && status < 500 && status != http.StatusTooManyRequests || status == http.StatusNotImplemented
}

var errLong = errors.New("the request is too long for GET")

func (r *responders) get(ctx context.Context, place string, body []byte) ([]byte, error) {
	encoded := url.QueryEscape(base64.StdEncoding.EncodeToString(body))
	if len(encoded) >= 255 {
		return nil, errLong
	}
	long, err := url.JoinPath(place, encoded)
	if err != nil {
		return nil, err
	}
	return r.send(ctx, http.MethodGet, long, nil)
}

func (r *responders) send(ctx context.Context, method, place string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, place, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/ocsp-request")
	}
	response, err := send(r.client, request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return readAll(response.Body, maxResponseBytes)
}
