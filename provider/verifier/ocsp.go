package verifier

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/crypto/ocsp"
)

const (
	// maxOCSPBytes bounds an OCSP answer; they have a few KB.
	maxOCSPBytes = 64 << 10
	// maxOCSPAnswers bounds those that are kept: one for each certificate asked about.
	maxOCSPAnswers = 1024
)

// ocspAnswers sends OCSP requests and uses answers again. Every answer, new or
// kept, is checked by the library behind it, signature and all, and one that it took
// is not followed by one from before: beyond that what is done here
// decides nothing.
type ocspAnswers struct {
	transport http.RoundTripper
	age       time.Duration
	kept      *lru.Cache[string, ocspAnswer]
}

type ocspAnswer struct {
	url        string
	body       []byte
	at         time.Time // when it came, by the wall clock
	this, next time.Time // what it says
}

func newOCSPAnswers(transport http.RoundTripper, age time.Duration) (*ocspAnswers, error) {
	kept, err := lru.New[string, ocspAnswer](maxOCSPAnswers)
	return &ocspAnswers{transport: transport, age: age, kept: kept}, err
}

// RoundTrip implements http.RoundTripper. Requests by GET have the certificate
// they ask about in their URL, so the URL is the key; others are always sent.
func (o *ocspAnswers) RoundTrip(request *http.Request) (*http.Response, error) {
	url, ledger := request.URL.String(), ledgerOf(request.Context())
	if a, ok := o.kept.Get(url); ok && request.Method == http.MethodGet && a.holds(o.age) {
		ledger.holdAnswer(a)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a.body)), Request: request}, nil
	}
	response, err := o.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOCSPBytes))
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	parsed, err := ocsp.ParseResponse(body, nil)
	if err != nil {
		return response, nil //nolint:nilerr // what it is worth is the library's to say
	}
	fresh := ocspAnswer{url, body, time.Now().Round(0), parsed.ThisUpdate, parsed.NextUpdate}
	if kept, ok := o.kept.Get(url); ok && fresh.this.Before(kept.this) && time.Now().Before(kept.next) {
		// Whoever is on the way may send an old answer, from before a revocation.
		fresh = ocspAnswer{url, kept.body, fresh.at, kept.this, kept.next}
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(kept.body)), int64(len(kept.body))
	}
	ledger.holdAnswer(fresh)
	return response, nil
}

// holds tells whether an answer may be used again.
func (a ocspAnswer) holds(age time.Duration) bool {
	return young(a.at, inUse(age)) && time.Now().Before(a.next)
}

// remember keeps the answers that made the library say of a certificate whether it
// is revoked, and notes until when they hold. It asks as the library did which they
// are: one responder may answer well for one certificate and badly for the next.
func (o *ocspAnswers) remember(l *ledger, cert, issuer *x509.Certificate) {
	for _, a := range l.heldAnswers() {
		if _, err := ocsp.ParseResponseForCert(a.body, cert, issuer); err == nil && time.Now().Before(a.next) {
			if kept, there := o.kept.Get(a.url); !there || !a.this.Before(kept.this) {
				o.kept.Add(a.url, a)
			}
			l.bound(a.next)
			l.lapse(a.at.Add(o.age))
		}
	}
}
