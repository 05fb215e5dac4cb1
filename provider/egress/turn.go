package egress

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/sony/gobreaker/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// waitTurn waits until a request may be sent, or says why it may not. The caller must call
// done with the request's failure, or nil.
func (t *Transport) waitTurn(ctx context.Context, request *http.Request, host *hostHealth, repository *repositoryHealth) (done func(error), err error) {
	probe := func() error { return t.probe(ctx, request, host) }
	if host.circuit.State() != gobreaker.StateClosed {
		if err := host.awaitProbe(ctx, probe); err != nil {
			return nil, err
		}
	}
	if err := host.wait(ctx); err != nil {
		return nil, err
	}
	if !provider.IsRenewal(ctx) || !repository.mayRenew() {
		if err := repository.wait(ctx); err != nil {
			return nil, err
		}
	}
	count, err := repository.allow(ctx)
	if err != nil {
		return nil, err
	}
	return func(failed error) {
		counted := failed
		if errors.Is(failed, errLimited) { // the repository waits already, and has not failed
			counted = context.Canceled
		}
		count(counted)
		if failed == nil {
			host.failures.Store(0)
		} else if t.options.Probe != "" {
			host.note(failed, probe)
		}
	}, nil
}

// probe asks the host of a request whether it is well. It decides for all users of the host, so
// it must not be a request that one user chose.
func (t *Transport) probe(ctx context.Context, request *http.Request, host *hostHealth) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.options.Bounds.Timeout)
	defer cancel()
	question := &http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host, Path: t.options.Probe},
		Header: http.Header{"User-Agent": {request.UserAgent()}},
	}
	response, err := t.once(ctx, question, &host.cooldown)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusTooManyRequests { // it is well, and is left alone for a while
		return nil
	}
	return failure(question, response, nil)
}

// errLimited is a 429.
var errLimited = errors.New(http.StatusText(http.StatusTooManyRequests))

// failure is what counts against a repository and its host: no answer in time, a status that
// says that the server failed, or a 429. Statuses about the client or the request do not count,
// nor does a 501, which says that there is no such method or API, nor a kept connection that was dead.
func failure(request *http.Request, response *http.Response, err error) error {
	limited, _ := errors.AsType[*RateLimitedError](err)
	switch {
	case limited != nil:
		return errLimited
	case err != nil && request.Context().Err() != nil, errors.Is(err, ErrStaleConnection):
		return context.Canceled
	case err != nil:
		return err
	case response.StatusCode >= http.StatusInternalServerError && response.StatusCode != http.StatusNotImplemented:
		return errors.New(http.StatusText(response.StatusCode))
	case response.StatusCode == http.StatusTooManyRequests:
		return errLimited
	}
	return nil
}
