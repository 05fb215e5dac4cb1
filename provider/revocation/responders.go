package revocation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

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
	failed *lru.Cache[string, time.Time] // by URL
	group  singleflight.Group
}

// statement is what a CA says of one certificate.
type statement struct {
	*ocsp.Response

	received time.Time // by the wall clock
}

func newResponders(client *http.Client, age age, lists *lists, revocations *revocations) (*responders, error) {
	kept, err := lru.New[certKey, statement](maxResponses)
	if err != nil {
		return nil, err
	}
	failed, err := lru.New[string, time.Time](maxResponses)
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
		if !q.claim(place, r.failing(place), secondRound) {
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

func (r *responders) failing(place string) bool {
	failed, ok := r.failed.Get(place)
	return ok && r.age.failed(failed)
}

// fetch asks one responder. It goes on when its caller leaves: the transport bounds it in time.
func (r *responders) fetch(ctx context.Context, place string, key certKey, q question) (statement, error) {
	told, err := join(ctx, &r.group, fmt.Sprintf("%q %s", key, place), func() (any, error) {
		fresh, err := r.request(context.WithoutCancel(ctx), place, q)
		if err != nil {
			r.lists.endpoints.failed(OCSP, place, err)
			return nil, err
		}
		counts := r.keep(key, fresh)
		if counts.Response == fresh.Response {
			r.lists.endpoints.answered(OCSP, place, fresh.ThisUpdate, fresh.NextUpdate)
		} else {
			r.lists.endpoints.failed(OCSP, place, problemf("the answer is older than one that was given before"))
		}
		return counts, nil
	})
	if err != nil {
		return statement{}, err
	}
	return told.(statement), nil //nolint:forcetypeassert // made above
}

// join does work once for concurrent callers. It goes on when a caller's deadline passes and that caller leaves. A panic over
// an answer becomes an answer that cannot be read: the goroutine has no other recovery.
func join(ctx context.Context, group *singleflight.Group, key string, work func() (any, error)) (any, error) {
	guarded := func() (value any, err error) {
		defer func() {
			if p := recover(); p != nil {
				value, err = nil, &problem{"the answer cannot be read", fmt.Errorf("panic: %v", p)}
			}
		}()
		return work()
	}
	select {
	case done := <-group.DoChan(key, guarded):
		return done.Val, done.Err
	case <-ctx.Done():
		return nil, unreachable("the certificate authority", ctx.Err())
	}
}

// keep keeps a statement that passed every check, and returns the newest one: that, or the one kept before. An attacker on
// the network may send an old answer, from before a revocation. Of two of the same second, the one that says revoked counts.
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

func isOlder(kept, fresh statement) bool {
	return fresh.ThisUpdate.Before(kept.ThisUpdate) ||
		fresh.ThisUpdate.Equal(kept.ThisUpdate) && kept.Status == ocsp.Revoked && fresh.Status == ocsp.Good
}

// request asks one responder, by GET where the request is short (RFC 5019 section 5, RFC 6960 appendix A.1), and by POST
// where it is long or the responder takes no GET.
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
		r.failed.Add(place, now())
		return statement{}, unanswered(theResponder, err)
	}
	r.failed.Remove(place)
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

// statusError is an answer with another status than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("answered %d", int(e)) }

// errLarge is an answer with more than is read.
var errLarge = fmt.Errorf("%w: of a certificate authority", egress.ErrTooLarge)

// send sends a request, and returns an answer with status 200 or an error.
func send(client *http.Client, request *http.Request) (*http.Response, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, statusError(response.StatusCode)
	}
	return response, nil
}

// readAll reads up to a bound, all or nothing.
func readAll(from io.Reader, bound int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, bound+1))
	if err == nil && int64(len(body)) > bound {
		return nil, errLarge
	}
	return body, err
}

// unanswered names why a request has no answer that can be read.
func unanswered(who string, err error) error {
	if status, ok := errors.AsType[statusError](err); ok {
		return problemf("%s answered %d", who, int(status))
	}
	return unreachable(who, err)
}

// status is what the statement means for the certificate that was asked about.
func (s statement) status(max time.Duration) certStatus {
	r := certStatus{nextUpdate: s.NextUpdate, recheckAt: s.received.Add(max), made: s.ThisUpdate}
	if s.Status == ocsp.Revoked {
		r.revoked = &Revocation{At: s.RevokedAt, Reason: s.RevocationReason, invalid: invalidityDate(s.Extensions)}
	}
	return r
}

// issuerOf tells whether a certificate is the issuer's own, by its name and key.
func issuerOf(cert, issuer *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) && bytes.Equal(cert.RawSubject, issuer.RawSubject)
}
