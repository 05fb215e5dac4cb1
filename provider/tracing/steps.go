package tracing

import (
	"context"
	"iter"
	"net/http"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// Handler takes the context of a trace from the request's header.
func (t *Tracer) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Answers is what answers requests; provider.Provider does.
type Answers interface {
	Answer(ctx context.Context, keys []string) []provider.Finding
	Pin(ctx context.Context, keys []string) []provider.Pinned
}

// Answers has a span for each request.
func (t *Tracer) Answers(next Answers) Answers {
	if t == nil {
		return next
	}
	return answers{t, next}
}

type answers struct {
	t    *Tracer
	next Answers
}

func (a answers) start(ctx context.Context, path string, keys []string) (context.Context, trace.Span) {
	ctx, id := logging.NewRequest(ctx)
	return a.t.tracer.Start(ctx, "answer", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(keyRequest.String(id), keyKeys.Int(len(keys)), attribute.String("url.path", path)))
}

// Answer implements Answers.
func (a answers) Answer(ctx context.Context, keys []string) []provider.Finding {
	ctx, span := a.start(ctx, "/validate", keys)
	defer span.End()
	findings := a.next.Answer(ctx, keys)
	var good, refused, undecided int
	for i := range findings {
		switch f := &findings[i]; {
		case f.Err != nil:
			undecided++
		case f.Verdict.Good():
			good++
		default:
			refused++
		}
	}
	span.SetAttributes(keyGood.Int(good), keyRefused.Int(refused), keyUndecided.Int(undecided))
	return findings
}

// Pin implements Answers.
func (a answers) Pin(ctx context.Context, keys []string) []provider.Pinned {
	ctx, span := a.start(ctx, "/mutate", keys)
	defer span.End()
	return a.next.Pin(ctx, keys)
}

// Cache has a span for each image that a request waits for.
func (t *Tracer) Cache(next provider.Cache) provider.Cache {
	if t == nil {
		return next
	}
	return cache{next, t}
}

type cache struct {
	provider.Cache
	t *Tracer
}

// Verify implements provider.Cache.
func (c cache) Verify(ctx context.Context, image provider.Image, verifier provider.Verifier) (provider.Verdict, error) {
	ctx, span := c.t.start(ctx, "image", imageOf(image))
	verdict, err := c.Cache.Verify(ctx, image, verifier)
	endVerdict(span, &verdict, err)
	return verdict, err
}

// Resolver asks what a tag stands for.
type Resolver interface {
	Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error)
}

// Resolver has a span for each tag that a registry is asked for.
func (t *Tracer) Resolver(next Resolver) Resolver {
	if t == nil {
		return next
	}
	return resolver{t, next}
}

type resolver struct {
	t    *Tracer
	next Resolver
}

// Resolve implements Resolver.
func (r resolver) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	ctx, span := r.t.start(ctx, "tag", imageOf(image))
	desc, err := r.next.Resolve(ctx, image)
	if err == nil {
		span.SetAttributes(keyDigest.String(string(desc.Digest)))
	}
	end(span, err)
	return desc, err
}

// Repository is where an image's signatures are asked for.
type Repository interface {
	Resolve(ctx context.Context) (ocispec.Descriptor, error)
	Signatures(ctx context.Context, desc ocispec.Descriptor) iter.Seq2[provider.Listing, error]
	Envelope(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error)
}

// Repository has a span for each list of signatures, and for each envelope.
func (t *Tracer) Repository(next Repository) Repository {
	if t == nil {
		return next
	}
	return repository{next, t}
}

type repository struct {
	Repository
	t *Tracer
}

// Signatures implements Repository. A list's span starts where the one before it was used up.
func (r repository) Signatures(ctx context.Context, desc ocispec.Descriptor) iter.Seq2[provider.Listing, error] {
	return func(yield func(provider.Listing, error) bool) {
		began := time.Now()
		for listing, err := range r.Repository.Signatures(ctx, desc) {
			_, span := r.t.tracer.Start(ctx, "referrers", trace.WithTimestamp(began), trace.WithAttributes(keySignatures.Int(len(listing.Signatures))))
			end(span, err)
			if !yield(listing, err) {
				return
			}
			began = time.Now()
		}
	}
}

// Envelope implements Repository.
func (r repository) Envelope(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	ctx, span := r.t.start(ctx, "envelope", keyDigest.String(string(manifest.Digest)))
	envelope, desc, err := r.Repository.Envelope(ctx, manifest)
	end(span, err)
	return envelope, desc, err
}

// Revocation has a span for each request to an OCSP responder or for a CRL, with the host alone: a URL may hold anything.
func (t *Tracer) Revocation(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return revocation{t, next}
}

type revocation struct {
	t    *Tracer
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (r revocation) RoundTrip(request *http.Request) (*http.Response, error) {
	_, span := r.t.tracer.Start(request.Context(), "revocation", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("server.address", request.URL.Hostname()), attribute.String("http.request.method", request.Method)))
	defer span.End()
	response, err := r.next.RoundTrip(request)
	if err != nil {
		span.SetStatus(codes.Error, string(provider.CauseRevocation))
		return response, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	return response, nil
}
