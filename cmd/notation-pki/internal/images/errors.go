package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// failure is what went wrong with a registry, in one line whatever the registry wrote into it.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// failed tells what was being done, why it failed and what to do.
func (i *Image) failed(doing string, err error) error {
	why := err.Error()
	if errors.Is(err, context.Canceled) {
		why = "interrupted"
	}
	return &failure{text: oneLine(doing + ": " + why + i.hint(err)), cause: err}
}

func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// hint is what to do about an error; empty if there is nothing.
func (i *Image) hint(err error) string {
	switch status := statusOf(err); {
	case errors.Is(err, context.Canceled):
		return ""
	case status == http.StatusUnauthorized:
		return fmt.Sprintf("; log in by docker login %s, or set NOTATION_USERNAME and NOTATION_PASSWORD", i.Name.Host)
	case status == http.StatusForbidden:
		return fmt.Sprintf("; the account for %s may not do this: take another, or ask who runs the registry", i.Name.Host)
	case status == http.StatusPreconditionFailed:
		return "; the registry's own policy keeps the image back, as Harbor's does for what is unsigned or vulnerable: see the settings of its project"
	case status == http.StatusTooManyRequests:
		return "; try again later"
	case status == http.StatusBadRequest && i.options.PlainHTTPUnsafe:
		return "; if it speaks TLS, leave out --plain-http-unsafe"
	case status >= http.StatusInternalServerError:
		return "; the registry is in trouble: try again later, or tell who runs it"
	case errors.Is(err, errdef.ErrNotFound):
		return "; push it first, or see whether its name is right"
	}
	return faultHint(egress.FaultOf(err))
}

// faultHint is what to do where the registry gave no answer: a flag, where one helps.
func faultHint(fault egress.Fault) string {
	switch fault {
	case "":
		return ""
	case egress.UnknownAuthority:
		return "; name the registry's CA by --registry-ca"
	case egress.PlainHTTP:
		return "; if it is meant to have no TLS, give --plain-http-unsafe"
	case egress.NeedsTLS:
		return "; leave out --plain-http-unsafe"
	case egress.Slow, egress.Unconnected:
		return "; try again, or give it longer by --timeout"
	default:
		return "; " + fault.Advice()
	}
}

// statusOf is the status that the registry answered with, or would have.
func statusOf(err error) int {
	if response, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		return response.StatusCode
	}
	if errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return http.StatusUnauthorized
	}
	return 0
}
