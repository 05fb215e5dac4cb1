package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// maxHeaderBytes bounds the header of a request. Gatekeeper's is below 1 KiB.
const maxHeaderBytes = 16 << 10

// Options is all that a [Server] needs to know.
type Options struct {
	// Listen is the host:port of the mutual TLS listener; port 0 is any free one.
	Listen string

	// AdminListen is the host:port of the admin listener; port 0 is any free one.
	AdminListen string

	// Identity is the serving certificate. Required.
	Identity *Identity

	// ClientCA is what client certificates must come from. Required.
	ClientCA *ClientCA

	// ClientNames are the names of which a client certificate must have one, as
	// DNS or URI subject alternative name, letter by letter. At least one, and
	// without wildcards.
	ClientNames []string

	// Handler answers what comes through the mutual TLS listener. It must return soon
	// after its request's context is done, as Run waits for it. Required.
	Handler http.Handler

	// Refuse writes the server's own refusals in the form of the handler: the status,
	// and the message as the reason. The messages hold no addresses, paths or names.
	// Required.
	Refuse func(w http.ResponseWriter, status int, message string)

	// Metrics answers GET /metrics at the admin listener. Without it that is a 404.
	Metrics http.Handler

	// Sources says how the reload sources stand, for /readyz. Without it nothing
	// is said of them.
	Sources func() []reload.Status

	// HandshakeFailed is told one of [HandshakeCauses] for each TLS handshake that failed. Default: not told.
	HandshakeFailed func(cause string)

	// ReadHeaderTimeout is how long the TLS handshake, and the header of each
	// request, may take. Default 5s.
	ReadHeaderTimeout time.Duration

	// ReadTimeout is how long a whole request may take to come in. Default 10s.
	ReadTimeout time.Duration

	// WriteTimeout is how long after its header was read a request may take to
	// be answered, the reading of its body included: the longest that Handler
	// takes, and a margin. A later answer is lost. Default 15s.
	WriteTimeout time.Duration

	// IdleTimeout is how long a connection is kept without a request. Default
	// 120s: above the 90s that Gatekeeper keeps it, so that it is the client who
	// closes and no request meets a connection that is just being closed.
	IdleTimeout time.Duration

	// DrainDelay is how long requests are still taken after readiness has gone,
	// until no endpoint list has this server any more. Default 0: none. In
	// Kubernetes 5s is enough.
	DrainDelay time.Duration

	// DrainTimeout is how long requests in flight may take to be finished, once
	// no more are taken. What is left is cut off. Default 20s, which with a
	// DrainDelay of 5s is within the 30s that Kubernetes gives a pod to end.
	DrainTimeout time.Duration

	// Log is where handshake failures, refusals, panics and the lifecycle are
	// written. Without it nothing is.
	Log *slog.Logger

	now   func() time.Time    // for tests
	sleep func(time.Duration) // for tests
}

// complete returns o with its defaults, or an error that says all that is missing.
func (o Options) complete() (Options, error) {
	var missing []error
	require := func(ok bool, what string) {
		if !ok {
			missing = append(missing, errors.New("server options: "+what))
		}
	}
	require(o.Identity != nil, "no Identity")
	require(o.ClientCA != nil, "no ClientCA")
	require(len(o.ClientNames) > 0, "no ClientNames, so that no client is accepted")
	for _, name := range o.ClientNames {
		require(name != "" && !strings.Contains(name, "*"), fmt.Sprintf("ClientNames has %q, not an exact name", name))
	}
	require(o.Handler != nil, "no Handler")
	require(o.Refuse != nil, "no Refuse")

	o.ClientNames = slices.Clone(o.ClientNames)
	o.ReadHeaderTimeout = cmp.Or(o.ReadHeaderTimeout, 5*time.Second)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 10*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 15*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 120*time.Second)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, 20*time.Second)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Sources == nil {
		o.Sources = func() []reload.Status { return nil }
	}
	if o.HandshakeFailed == nil {
		o.HandshakeFailed = func(string) {}
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.sleep == nil {
		o.sleep = time.Sleep //nolint:forbidigo // the drain delay; tests replace it
	}
	return o, errors.Join(missing...)
}

// httpServer is what both listeners have in common.
func (o Options) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler,
		// Else net/http would answer "OPTIONS *" itself, past every check.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            o.ReadHeaderTimeout,
		ReadTimeout:                  o.ReadTimeout,
		WriteTimeout:                 o.WriteTimeout,
		IdleTimeout:                  o.IdleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     newErrorLog(o.Log, o.now, o.HandshakeFailed),
	}
}
