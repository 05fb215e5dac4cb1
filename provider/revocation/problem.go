package revocation

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// UnknownError says why it is not known whether a certificate is revoked. Its text is for the log: it has URLs.
type UnknownError struct {
	// Subject is the certificate's, as Go writes it.
	Subject  string
	problems problems
}

// Error tells every problem and what it came from.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("certificate %s: %s", printable.Quote(e.Subject), e.Problems())
}

// Problems tells every problem and what it came from, without the certificate. It has URLs.
func (e *UnknownError) Problems() string { return e.problems.Error() }

// Unwrap returns the problems.
func (e *UnknownError) Unwrap() []error { return e.problems }

// Causes names each problem in words for users, without any URL, address or text of others.
func (e *UnknownError) Causes() string {
	var causes []string
	for _, p := range e.problems {
		causes = appendCauses(causes, p)
	}
	return strings.Join(causes, "; ")
}

// problems are why no answer was found; none where there was no place to ask.
type problems []error

// Error tells them on one line.
func (p problems) Error() string {
	var texts []string
	for _, err := range p {
		if text := err.Error(); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns them.
func (p problems) Unwrap() []error { return p }

// problem is one answer that could not be had, or cannot be used.
type problem struct {
	cause string // for users
	err   error  // for the log; nil adds nothing
}

func (p *problem) Error() string {
	if p.err == nil {
		return p.cause
	}
	return p.cause + ": " + p.err.Error()
}

func (p *problem) Unwrap() error { return p.err }

func problemf(cause string, args ...any) error { return &problem{cause: fmt.Sprintf(cause, args...)} }

// at adds the URL of a problem, for the log.
func at(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", place, err)
}

// appendCauses collects the causes in an error, each once.
func appendCauses(causes []string, err error) []string {
	if p, ok := err.(*problem); ok { //nolint:errorlint // each level is looked at in turn
		for _, have := range causes {
			if have == p.cause {
				return causes
			}
		}
		return append(causes, p.cause)
	}
	switch wrapped := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		for _, inner := range wrapped.Unwrap() {
			causes = appendCauses(causes, inner)
		}
	case interface{ Unwrap() error }:
		causes = appendCauses(causes, wrapped.Unwrap())
	}
	return causes
}

// unreachable names why a request got no answer. Who is "the OCSP responder", for example.
func unreachable(who string, err error) error {
	fault := egress.FaultOf(err)
	switch {
	case fault == egress.Private:
		return &problem{fmt.Sprintf("%s %s; if it may be asked, name its host under egress.allow, with its port if that is not 80 or 443", who, fault), err}
	case fault != "":
		return &problem{fmt.Sprintf("%s %s; %s", who, fault, fault.Advice()), err}
	case errors.Is(err, egress.ErrCircuitOpen):
		return &problem{who + " keeps failing; it is asked again in a moment", err}
	}
	if _, resting := errors.AsType[*egress.RateLimitedError](err); resting {
		return &problem{who + " limits our rate; it is asked again later", err}
	}
	return &problem{who + " gave no answer", err}
}

// checkURL refuses a URL that cannot be asked.
func checkURL(who, place string) error {
	parsed, err := url.Parse(place)
	switch {
	case err != nil:
		return &problem{"the URL of " + who + " cannot be read", err}
	case strings.EqualFold(parsed.Scheme, "http") && parsed.Host != "":
		return nil
	case strings.EqualFold(parsed.Scheme, "https"):
		return problemf("the URL of %s is https; notation asks over http only, so the CA must publish it there too", who)
	}
	return problemf("the URL of %s is not http", who)
}
