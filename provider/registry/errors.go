package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// classify turns whatever went wrong into what the walk knows: a 404, a signature
// that is none, or ignorance at a stage. The words are ours; those of the
// registry go to the log.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, provider.ErrNoEnvelope), errors.Is(err, provider.ErrNotFound):
		return err
	case errors.Is(err, errdef.ErrNotFound):
		return fmt.Errorf("%w: %w", provider.ErrNotFound, err)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return provider.Undecided(provider.StageCredentials, err, "the registry wants credentials and none are configured for it")
	}
	if undecided, ok := errors.AsType[*provider.UndecidedError](err); ok {
		return undecided
	}
	if response, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		return classifyStatus(response.StatusCode, err)
	}
	return provider.Undecided(provider.StageRegistry, err, "%s", describe(err))
}

// classifyStatus reads the status of an answer that is none of the above. A 404
// here is not about what was asked for, but a token service's, say.
func classifyStatus(status int, err error) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return provider.Undecided(provider.StageCredentials, err, "the registry refuses access (%d)", status)
	case http.StatusTooManyRequests:
		return provider.Undecided(provider.StageRegistry, err, "the registry limits our rate (429)")
	}
	return provider.Undecided(provider.StageRegistry, err, "the registry answered %d", status)
}

// describe names what happened to a request that got no good answer.
func describe(err error) string {
	if resting, ok := errors.AsType[*egress.RestingError](err); ok {
		return "the registry limits our rate; it is asked again after " + resting.Until.UTC().Format(time.TimeOnly)
	}
	if errors.Is(err, errConfided) {
		return "the registry wants its credential given to another host; name that as its tokenService if it is to be had"
	}
	if errors.Is(err, egress.ErrBroken) {
		return "the registry keeps failing; it is asked again in a moment"
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "the registry did not answer in time"
	}
	if errors.Is(err, egress.ErrForbidden) {
		return "the registry is at an address that may not be dialled"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return "the registry could not be reached"
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "the registry did not answer in time"
	case errors.Is(err, content.ErrMismatchedDigest), errors.Is(err, content.ErrTrailingData), errors.Is(err, content.ErrInvalidDescriptorSize):
		return "the registry sent other content than it announced"
	}
	return "the registry gave no sensible answer"
}
