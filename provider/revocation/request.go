package revocation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/singleflight"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// join does work once for concurrent callers. It goes on when a caller's deadline passes and that caller leaves. A panic over
// an answer becomes an answer that cannot be read: the goroutine has no other recovery.
func join[T any](ctx context.Context, group *singleflight.Group, key string, work func() (T, error)) (T, error) {
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
		value, _ := done.Val.(T) // nil after a panic
		return value, done.Err
	case <-ctx.Done():
		var none T
		return none, unreachable("the certificate authority", ctx.Err())
	}
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
