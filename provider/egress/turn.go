package egress

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// waitTurn waits until a request may be made, or says why it may not. What came of it is
// to be told to done.
func (t *Transport) waitTurn(ctx context.Context, request *http.Request, host *hostHealth, repository *repositoryHealth) (done func(error), err error) {
	probe := func() error { return t.probe(ctx, request, host) }
	if err := host.allow(ctx, probe); err != nil {
		return nil, err
	}
	if err := host.wait(ctx); err != nil {
		return nil, err
	}
	if !repository.renews(ctx) {
		if err := repository.wait(ctx); err != nil {
			return nil, err
		}
	}
	count, err := repository.allow(ctx)
	if err != nil {
		return nil, err
	}
	return func(failed error) {
		if errors.Is(failed, errLimited) { // it rests, which is all that follows for the repository
			count(context.Canceled)
		} else {
			count(failed)
		}
		if t.Probe != "" {
			host.note(failed, probe)
		}
	}, nil
}

// probe asks the host of a request whether it is well. It is our own question, since what
// decides for all must not be one that a stranger picked.
func (t *Transport) probe(ctx context.Context, request *http.Request, host *hostHealth) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.Bounds.Timeout)
	defer cancel()
	question := (&http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host, Path: t.Probe},
		Header: http.Header{"User-Agent": {request.UserAgent()}},
	}).WithContext(ctx)
	began := time.Now()
	response, err := t.pool.RoundTrip(question)
	if err != nil {
		t.Observe(0, time.Since(began))
		return err
	}
	defer response.Body.Close()
	t.Observe(response.StatusCode, time.Since(began))
	if response.StatusCode == http.StatusTooManyRequests {
		host.extend(time.Now().Add(retryAfter(response.Header)))
		return nil
	}
	return failure(question, response, nil)
}

// errLimited is a wish to be left alone.
var errLimited = errors.New(http.StatusText(http.StatusTooManyRequests))

// failure is what counts against a repository and its host: no answer in the time that a
// request has, or that it says it failed, or wants to be left alone. What it says of us
// and of what was asked for does not, nor does a connection that was kept and died.
func failure(request *http.Request, response *http.Response, err error) error {
	limited, _ := errors.AsType[*RateLimitedError](err)
	switch {
	case limited != nil:
		return errLimited
	case err != nil && request.Context().Err() != nil, errors.Is(err, ErrStaleConnection):
		return context.Canceled
	case err != nil:
		return err
	case isFailure(response.StatusCode):
		return errors.New(http.StatusText(response.StatusCode))
	case response.StatusCode == http.StatusTooManyRequests:
		return errLimited
	}
	return nil
}

// isFailure tells the statuses by which a server says that it failed. A 501 is not one of them: it says that there is no
// such method or API, and says so again.
func isFailure(status int) bool {
	return status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}
