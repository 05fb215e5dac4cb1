package images

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

const userAgent = "notation-pki"

const (
	maxBody         = 4 << 20  // of a registry's answer; as much as registries take for a manifest
	maxOtherBody    = 32 << 20 // of any other: the revocation list of a public CA has many entries
	maxRetries      = 2
	maxCAFile       = 4 << 20 // of the file that --registry-ca names
	maxDockerConfig = 4 << 20
)

// NewClient makes a client for what is no registry: timestamp authorities, and those who tell what is revoked.
func NewClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     &bounded{next: egress.NewPool(dialer().DialContext, nil), body: maxOtherBody},
		Timeout:       cmp.Or(timeout, DefaultTimeout),
		CheckRedirect: egress.CheckRedirect,
	}
}

// newRegistryClient makes a client that asks again, after a pause, where a registry says that it was its own fault.
func newRegistryClient(timeout time.Duration, roots *x509.CertPool) *http.Client {
	again := retry.NewTransport(&bounded{next: egress.NewPool(dialer().DialContext, roots), body: maxBody, noPages: true})
	again.Policy = func() retry.Policy {
		return &retry.GenericPolicy{
			Retryable: retry.DefaultPredicate, Backoff: retry.DefaultBackoff,
			MinWait: 100 * time.Millisecond, MaxWait: 3 * time.Second, MaxRetry: maxRetries,
		}
	}
	return &http.Client{Transport: again, Timeout: cmp.Or(timeout, DefaultTimeout), CheckRedirect: egress.CheckRedirect}
}

// dialer goes to any address: it is a person who names the registry, on their own machine.
func dialer() *net.Dialer { return &net.Dialer{Timeout: 5 * time.Second} }

// errPage is an answer for people, such as a proxy's login.
var errPage = errors.New("answered with a web page, as a login does, and not as a registry")

// bounded says who asks, and bounds what is read of an answer.
type bounded struct {
	next    http.RoundTripper
	body    int64
	noPages bool
}

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", userAgent)
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if b.noPages && isPage(response) {
		_ = response.Body.Close()
		return nil, errPage
	}
	response.Body = http.MaxBytesReader(nil, response.Body, b.body)
	return response, nil
}

// isPage tells a page that claims to be what was asked for. oras takes one for an image's manifest and for an empty list
// of signatures, over which it would write a list of one.
func isPage(response *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return response.StatusCode == http.StatusOK && kind == "text/html"
}

// roots are the system's, and those of the file. Nil are the system's alone.
func (o *Options) roots() (*x509.CertPool, error) {
	if err := egress.CheckSystemRoots(); err != nil {
		return nil, err
	}
	if o.CAFile == "" {
		return nil, nil
	}
	text, err := regularfile.Read(o.CAFile, maxCAFile)
	if err != nil {
		return nil, fmt.Errorf("--registry-ca: %w", err)
	}
	certificates, err := certfile.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("--registry-ca: %s: %w", o.CAFile, err)
	}
	return egress.Roots(certificates, false), nil
}
