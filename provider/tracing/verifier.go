package tracing

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Trust has a span for each verification, by evidence or by what the registry has.
func (t *Tracer) Trust(next provider.Trust) provider.Trust {
	if t == nil {
		return next
	}
	return trust{t, next}
}

type trust struct {
	t    *Tracer
	next provider.Trust
}

// Snapshot implements provider.Trust.
func (t trust) Snapshot() provider.Snapshot { return snapshot{t.t, t.next.Snapshot()} }

type snapshot struct {
	t    *Tracer
	next provider.Snapshot
}

// Verifier implements provider.Snapshot.
func (s snapshot) Verifier(image provider.Image) (provider.Verifier, bool) {
	next, ok := s.next.Verifier(image)
	if !ok {
		return nil, false
	}
	return verifier{next, s.t}, true
}

type verifier struct {
	provider.Verifier
	t *Tracer
}

// VerifyKnown implements provider.Verifier.
func (v verifier) VerifyKnown(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, bool) {
	ctx, span := v.t.start(ctx, "evidence", imageOf(image), keyPolicy.String(v.Policy()))
	defer span.End()
	verdict, ok := v.Verifier.VerifyKnown(ctx, image, desc)
	span.SetAttributes(keyHit.Bool(ok))
	return verdict, ok
}

// Verify implements provider.Verifier.
func (v verifier) Verify(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, error) {
	ctx, span := v.t.start(ctx, "verify", imageOf(image), keyPolicy.String(v.Policy()))
	verdict, err := v.Verifier.Verify(ctx, image, desc)
	endVerdict(span, &verdict, err)
	return verdict, err
}
