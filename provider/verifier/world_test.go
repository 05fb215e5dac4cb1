package verifier_test

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// target is the manifest of the one image of these tests.
var target = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("image"), Size: 528}

var image = provider.Image{Host: "registry.example", Repository: "registry.example/team/app", Digest: target.Digest}

// shelf is a repository in memory that holds what a test puts there.
type shelf struct {
	desc       ocispec.Descriptor
	resolveErr error
	list       []ocispec.Descriptor
	more       bool
	listErr    error
	incomplete error
	further    []listed // what other hosts list, in order

	mu      sync.Mutex
	held    map[digest.Digest]blob
	fetched []digest.Digest
	lists   int // hosts that were asked for a list
}

// listed is what one host lists.
type listed struct {
	provider.Listing
	err error
}

type blob struct {
	raw       []byte
	mediaType string
	err       error
}

func newShelf() *shelf { return &shelf{desc: target, held: map[digest.Digest]blob{}} }

func (s *shelf) Resolve(context.Context) (ocispec.Descriptor, error) { return s.desc, s.resolveErr }

func (s *shelf) Signatures(context.Context, ocispec.Descriptor) iter.Seq2[provider.Listing, error] {
	first := listed{provider.Listing{Signatures: s.list, More: s.more, Incomplete: s.incomplete}, s.listErr}
	return func(yield func(provider.Listing, error) bool) {
		for _, l := range append([]listed{first}, s.further...) {
			s.mu.Lock()
			s.lists++
			s.mu.Unlock()
			if !yield(l.Listing, l.err) {
				return
			}
		}
	}
}

func (s *shelf) Envelope(_ context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched = append(s.fetched, manifest.Digest)
	if manifest.MediaType == ocispec.MediaTypeImageIndex { // as a registry has it
		return nil, ocispec.Descriptor{}, provider.ErrNoEnvelope
	}
	b := s.held[manifest.Digest]
	return b.raw, ocispec.Descriptor{MediaType: b.mediaType, Digest: digest.FromBytes(b.raw), Size: int64(len(b.raw))}, b.err
}

// put lists one more signature, whose manifest says what the annotations do.
func (s *shelf) put(b blob, annotations map[string]string) digest.Digest {
	d := digest.FromString(fmt.Sprint("signature ", len(s.list)))
	s.held[d] = b
	s.list = append(s.list, ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: d, Size: 1, Annotations: annotations})
	return d
}

func (s *shelf) sign(t *testing.T, by *ca.Identity, opts ca.SignOptions) digest.Digest {
	t.Helper()
	envelope := sign(t, by, target, opts)
	return s.put(blob{raw: envelope.Raw, mediaType: envelope.MediaType}, envelope.Annotations)
}

func sign(t testing.TB, by *ca.Identity, what ocispec.Descriptor, opts ca.SignOptions) *ca.Envelope {
	t.Helper()
	envelope, err := by.Sign(t.Context(), what, opts)
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

// authority answers for CAs over a network that is none, so that a test may set the clock. It writes down what it was asked.
type authority struct {
	mu     sync.Mutex
	routes map[string]http.Handler // by URL
	fault  func(*http.Request) (*http.Response, error)
	log    []string
	made   int
}

func newAuthority() *authority { return &authority{routes: map[string]http.Handler{}} }

// RoundTrip gives a request to the route with the longest URL that it starts with.
func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	fault := a.fault
	a.log = append(a.log, r.URL.String())
	var found string
	for url := range a.routes {
		if strings.HasPrefix(r.URL.String(), url) && len(url) > len(found) {
			found = url
		}
	}
	handler := a.routes[found]
	a.mu.Unlock()
	if fault != nil {
		return fault(r)
	}
	answer := httptest.NewRecorder()
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	r = r.Clone(r.Context())
	r.URL.Path = strings.TrimPrefix("http://"+r.URL.Host+r.URL.Path, strings.TrimSuffix(found, "/"))
	r.URL.RawPath = ""
	if r.Body == nil {
		r.Body = http.NoBody
	}
	handler.ServeHTTP(answer, r)
	response := answer.Result()
	response.Request = r
	return response, nil
}

// serve answers at a URL in a certain way.
func (a *authority) serve(url string, handler http.Handler) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.routes[url] = handler
}

// fail makes every request fail, or none if fault is nil.
func (a *authority) fail(fault func(*http.Request) (*http.Response, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = fault
}

// asked counts the requests so far whose URL holds the text.
func (a *authority) asked(text string) (count int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, url := range a.log {
		if strings.Contains(url, text) {
			count++
		}
	}
	return count
}

func down(*http.Request) (*http.Response, error) {
	return nil, errors.New("dial tcp 10.1.2.3:80: connection refused")
}

// realm is a PKI: root, intermediate and signer, and what is said of the last two.
type realm struct {
	root, intermediate         *ca.CA
	signer                     *ca.Identity
	rootLedger, signerLedger   *rig.RevocationServer
	rootURLs, signerURLs       [2]string // CRL, OCSP
	rootOptions, signerOptions ca.Options
}

// revocable says where certificates name a place to ask.
type revocable struct{ crl, ocsp bool }

func (a *authority) newRealm(t testing.TB, how revocable) *realm {
	t.Helper()
	r := &realm{}
	r.root = rig.Must(ca.NewRoot(ca.Options{}))(t)
	r.rootLedger = rig.NewRevocationServer(r.root)
	r.rootURLs = a.publish(r.rootLedger)
	r.rootOptions = options(how, r.rootURLs)
	r.intermediate = rig.Must(r.root.Intermediate(r.rootOptions))(t)
	r.signerLedger = rig.NewRevocationServer(r.intermediate)
	r.signerURLs = a.publish(r.signerLedger)
	r.signerOptions = options(how, r.signerURLs)
	r.signer = rig.Must(r.intermediate.Signer(r.signerOptions))(t)
	return r
}

func (a *authority) publish(l *rig.RevocationServer) (urls [2]string) {
	a.made++
	urls = [2]string{fmt.Sprintf("http://ca.test/crl/%d", a.made), fmt.Sprintf("http://ca.test/ocsp/%d/", a.made)}
	a.serve(urls[0], l.CRLHandler())
	a.serve(urls[1], l.OCSPHandler())
	return urls
}

func options(how revocable, urls [2]string) (o ca.Options) {
	if how.crl {
		o.CRLURLs = urls[:1]
	}
	if how.ocsp {
		o.OCSPURLs = urls[1:]
	}
	return o
}

// setup is everything around a verifier that a test may want otherwise.
type setup struct {
	trust     rig.Trust
	shelf     *shelf
	authority *authority
	limit     int           // 10 if 0
	age       time.Duration // an hour if 0

	log        *slog.Logger // none if nil
	evidence   *evidence.Evidence
	repository verifier.Repository // the shelf if nil
	dir        string              // where the trust is written; a new one if ""
}

// trusting trusts the root at a level, strict by default.
func trusting(root *x509.Certificate, level trustpolicy.SignatureVerification) rig.Trust {
	level.VerificationLevel = cmp.Or(level.VerificationLevel, trustpolicy.LevelStrict.Name)
	return rig.Trust{
		Policies: []trustpolicy.TrustPolicy{{
			Name: "skao", RegistryScopes: []string{"registry.example/*"}, SignatureVerification: level,
			TrustStores: []string{"ca:skao"}, TrustedIdentities: []string{"*"},
		}},
		Stores: map[string][]*x509.Certificate{"ca:skao": {root}},
	}
}

func (s setup) open(t testing.TB) *verifier.Verifier {
	t.Helper()
	dir := s.dir
	if dir == "" {
		dir = t.TempDir()
	}
	if err := s.trust.Write(dir); err != nil {
		t.Fatal(err)
	}
	files := rig.Must(trust.Open(filepath.Join(dir, "trustpolicy.json"), filepath.Join(dir, "truststore")))(t)
	if s.authority == nil {
		s.authority = newAuthority()
	}
	if s.repository == nil {
		s.repository = s.shelf
	}
	return rig.Must(verifier.New(verifier.Options{
		Trust:         files,
		Repository:    func(provider.Image) verifier.Repository { return s.repository },
		Evidence:      s.evidence,
		Signatures:    cmp.Or(s.limit, 10),
		Revocation:    s.authority,
		RevocationAge: cmp.Or(s.age, time.Hour),
		Log:           s.log,
	}))(t)
}

// ask asks as the cache does: what is known first, then the registry.
func ask(ctx context.Context, policy provider.Verifier, desc ocispec.Descriptor) (provider.Verdict, error) {
	if verdict, ok := policy.VerifyKnown(ctx, image, desc); ok {
		return verdict, nil
	}
	return policy.Verify(ctx, image, desc)
}

// verifyNew verifies the image, of which nothing is known but its digest.
func verifyNew(ctx context.Context, t testing.TB, v *verifier.Verifier) (provider.Verdict, error) {
	t.Helper()
	policy, ok := v.Snapshot().Verifier(image)
	if !ok {
		t.Fatal("no policy covers the image")
	}
	verdict, err := ask(ctx, policy, ocispec.Descriptor{Digest: image.Digest})
	told(t, verdict, err)
	return verdict, err
}

var leaks = regexp.MustCompile(`://|ca\.test|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|(^|[ "])/|\.pem|\.json|\n`)

// told fails on a line that tells more than the user may know, and on a settled answer that comes with an error.
func told(t testing.TB, verdict provider.Verdict, err error) {
	t.Helper()
	lines := append(slices.Clone(verdict.Warnings), verdict.Detail)
	for _, s := range verdict.Signatures {
		lines = append(lines, s.Detail)
	}
	if err != nil {
		lines = append(lines, provider.AsUndecided(err).Detail)
		if verdict.Reason != "" {
			t.Errorf("%s came with %v", verdict.Reason, err)
		}
	} else if !slices.Contains(provider.Reasons(), verdict.Reason) {
		t.Errorf("neither a reason nor an error: %+v", verdict)
	}
	for _, line := range lines {
		if found := leaks.FindString(line); found != "" || len(line) > 2000 {
			t.Errorf("%q holds %q", line, found)
		}
	}
}

// is fails unless the image is refused, or verified, for the reason.
func is(t testing.TB, reason provider.Reason, verdict provider.Verdict, err error) {
	t.Helper()
	if err != nil || verdict.Reason != reason {
		t.Errorf("%q (%s), want %q: %v", verdict.Reason, verdict.Detail, reason, err)
	}
}

// unknown fails unless the image is undecided by the cause.
func unknown(t testing.TB, cause provider.Cause, verdict provider.Verdict, err error) {
	t.Helper()
	u, ok := errors.AsType[*provider.UndecidedError](err)
	if !ok || u.Cause != cause {
		t.Errorf("%q (%s), want undecided by %s: %v", verdict.Reason, verdict.Detail, cause, err)
	}
}
