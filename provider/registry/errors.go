package registry

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// classify turns an error into provider.ErrNotFound, provider.ErrNoEnvelope or an
// UndecidedError. The details are our words; those of the registry go to the log.
func classify(err error) error {
	switch {
	case errors.Is(err, provider.ErrNoEnvelope), errors.Is(err, provider.ErrNotFound):
		return err
	case errors.Is(err, errdef.ErrNotFound):
		return fmt.Errorf("%w: %w", provider.ErrNotFound, err)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return provider.Undecided(provider.CauseCredentials, err, "the registry wants credentials and none are configured for it")
	}
	if undecided, ok := errors.AsType[*provider.UndecidedError](err); ok {
		return undecided
	}
	if refused, ok := errors.AsType[*login.Error](err); ok {
		return provider.Undecided(provider.CauseCredentials, err, "%s", refused.Reason)
	}
	if response, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		return classifyStatus(response)
	}
	return provider.Undecided(provider.CauseRegistry, err, "%s", explain(err))
}

// classifyStatus names an unexpected status of an answer.
func classifyStatus(response *errcode.ErrorResponse) error {
	cause, status := provider.CauseRegistry, response.StatusCode
	says := fmt.Sprintf("the registry answered %d", status)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		cause, says = provider.CauseCredentials, fmt.Sprintf(provider.DetailRefusesAccess+" (%d)", status)
	case status == http.StatusTooManyRequests:
		says = provider.DetailRateLimit + " (429)"
	case status == http.StatusPreconditionFailed:
		says = "the registry's own policy keeps the image back (412), as Harbor's does for what is unsigned or vulnerable; see the settings of its project"
	case status == http.StatusProxyAuthRequired:
		says = "the proxy that the environment names wants credentials (407); give them in HTTPS_PROXY or HTTP_PROXY"
	case status == http.StatusNotFound: // what was asked for is not there is another error
		says += " where a token is asked for; see whether its token service is well"
	case status == http.StatusBadRequest && response.URL != nil && response.URL.Scheme == "http":
		says += " to plain HTTP; if it speaks TLS, leave out plainHTTPUnsafe"
	case status < http.StatusInternalServerError && status != http.StatusRequestTimeout:
		says += ", as no registry does; see what answers there, such as a proxy before it"
	}
	return provider.Undecided(cause, response, "%s", says)
}

// explain says why a request got no usable answer, and what to do.
func explain(err error) string {
	if limited, ok := errors.AsType[*egress.RateLimitedError](err); ok {
		return provider.DetailRateLimit + ", and is left alone until " + limited.Until.UTC().Format(time.TimeOnly+" UTC")
	}
	if errors.Is(err, errOtherHost) {
		return "the registry wants its credential given to another host; name that as its tokenService if it may have it"
	}
	if errors.Is(err, errCleartext) {
		return "the registry wants its credential sent without TLS"
	}
	if fault := egress.FaultOf(err); fault != "" {
		who := peerRegistry
		if asked, ok := errors.AsType[*peerError](err); ok {
			who = asked.peer
		}
		return string(who) + " " + string(fault) + "; " + advise(who, fault)
	}
	switch {
	case errors.Is(err, egress.ErrCircuitOpen):
		return "the registry keeps failing, and is asked again in a moment"
	case errors.Is(err, content.ErrMismatchedDigest), errors.Is(err, content.ErrTrailingData), errors.Is(err, content.ErrInvalidDescriptorSize):
		return "the registry sent other content than it announced; see whether its storage, or a proxy before it, is well"
	}
	return "the registry gave no sensible answer; see whether it is a registry that answers there, or a page of a proxy"
}

// advise is what to do about a fault: a setting, where one helps.
func advise(who peer, fault egress.Fault) string {
	switch fault {
	case egress.UnknownAuthority:
		return "put that authority's certificate into caFile of the registry's entry"
	case egress.PlainHTTP:
		return "if that is meant, set plainHTTPUnsafe in its entry under registries"
	case egress.NeedsTLS:
		return "leave out plainHTTPUnsafe"
	case egress.Private:
		return "if it is meant to be asked, " + allowing(who)
	default:
		return fault.Advice()
	}
}

// allowing is the setting that lets a registry lead to a private address.
func allowing(who peer) string {
	switch who {
	case peerTokenService:
		return "name it as tokenService of the registry's entry"
	case peerStorage:
		return "name it under storage of the registry's entry"
	case peerRegistry:
	}
	return "give it an entry under registries"
}
