package cache

import (
	"context"
	"errors"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// resolveFetcher finds out what a tag stands for. Where there is a verifier it then prefetches
// the verdict: the caller may have no time left to ask for it.
func (c *Cache) resolveFetcher(image provider.Image, verifier provider.Verifier) fetcher[resolution] {
	return fetcher[resolution]{remote: func(ctx context.Context) (resolution, error) {
		desc, err := c.resolver.Resolve(ctx, image)
		if errors.Is(err, provider.ErrNotFound) {
			return resolution{}, nil
		}
		if err == nil && verifier != nil {
			c.verdicts.prefetch(ctx, keyOf(image, desc, verifier), image, c.verifyFetcher(image, desc, verifier))
		}
		return resolution{desc: desc, found: err == nil}, err
	}}
}

func keyOf(image provider.Image, desc ocispec.Descriptor, verifier provider.Verifier) verdictKey {
	return verdictKey{image.Repository, desc.Digest, verifier.Fingerprint()}
}

// verifyFetcher verifies an image at a digest.
func (c *Cache) verifyFetcher(image provider.Image, desc ocispec.Descriptor, verifier provider.Verifier) fetcher[*provider.Verdict] {
	image = image.At(desc.Digest)
	return fetcher[*provider.Verdict]{
		local: func(ctx context.Context) (*provider.Verdict, bool) {
			verdict, ok := verifier.VerifyKnown(ctx, image, desc)
			if !ok {
				return nil, false
			}
			return c.withItem(verdict), true
		},
		remote: func(ctx context.Context) (*provider.Verdict, error) {
			verdict, err := verifier.Verify(ctx, image, desc)
			if err != nil {
				return nil, err
			}
			return c.withItem(verdict), nil
		},
	}
}

// withItem encodes a verified image's answer once, for all later requests. A refusal is encoded
// each time it is sent: it is kept for seconds, and an attacker chooses how many refusals there
// are and how long they are.
func (c *Cache) withItem(verdict provider.Verdict) *provider.Verdict {
	if verdict.Good() {
		verdict.Item = c.encode(&verdict)
	}
	return &verdict
}

func notFound(image provider.Image, verifier provider.Verifier) provider.Verdict {
	return provider.Verdict{
		Reason: provider.NotFound,
		Detail: "the registry has no " + image.String(),
		Image:  image,
		Policy: verifier.Policy(),
	}
}
