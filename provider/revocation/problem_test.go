package revocation_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// A place that gives no answer is told in the words that are used of registries, and with what to do.
func TestCausesAreThoseOfEgress(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("h: %w", egress.ErrForbidden), string(egress.Private) + "; if it may be asked, name its host under egress.allow, with its port"},
		{egress.ErrTooLarge, string(egress.Large) + "; " + egress.Large.Advice()},
		{context.DeadlineExceeded, string(egress.Slow) + "; " + egress.Slow.Advice()},
		{&net.DNSError{IsNotFound: true}, string(egress.Unknown) + "; " + egress.Unknown.Advice()},
		{http.ErrSchemeMismatch, string(egress.PlainHTTP)},
		{fmt.Errorf("%w: 503", egress.ErrCircuitOpen), "keeps failing; it is asked again in a moment"},
		{&egress.RateLimitedError{Until: time.Now()}, "limits our rate; it is asked again later"},
		{http.ErrAbortHandler, "gave no answer"},
	} {
		for _, tc := range []struct {
			who string
			w   *world
		}{
			{"the OCSP responder ", newWorld(t, nil, []string{responderURL})},
			{"the host of the revocation list ", newWorld(t, []string{listURL}, nil)},
		} {
			tc.w.fails = c.err
			tc.w.want(t, tc.who+c.want)
		}
	}
}
