package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Cache keeps what tags and images came to. It implements provider.Cache.
type Cache struct {
	bg       *background
	resolver Resolver
	encode   func(*provider.Verdict) string
	tags     *memory[tagKey, resolution]
	verdicts *memory[verdictKey, *provider.Verdict]
	overdue  *lru.Cache[question, time.Time] // when a request has waited for it in vain
	settings *atomic.Pointer[Settings]
}

type tagKey struct{ repository, tag string }

// resolution is what a tag stands for: a descriptor, or that the registry has no such tag.
type resolution struct {
	desc  ocispec.Descriptor
	found bool
}

type verdictKey struct {
	repository  string
	digest      digest.Digest
	fingerprint string
}

// New returns an empty cache. Close it to end what it has under way.
func New(o Options) (*Cache, error) {
	if o.Encode == nil {
		o.Encode = func(*provider.Verdict) string { return "" }
	}
	inForce := &atomic.Pointer[Settings]{}
	inForce.Store(&o.Settings)
	c := &Cache{bg: newBackground(o, inForce), resolver: o.Resolver, encode: o.Encode, settings: inForce}
	var err error
	c.tags, err = newMemory[tagKey](Tags, c.bg, o.Settings.Entries, func(r resolution) (time.Duration, bool) {
		if !r.found {
			return inForce.Load().Refused, true
		}
		return inForce.Load().Tags, false
	}, func(r resolution) resolution {
		// The other fields of a descriptor are not used, and an attacker chooses their length.
		r.desc = ocispec.Descriptor{MediaType: r.desc.MediaType, Digest: r.desc.Digest, Size: r.desc.Size}
		return r
	})
	if err != nil {
		return nil, err
	}
	c.verdicts, err = newMemory[verdictKey](Verdicts, c.bg, o.Settings.Entries, func(v *provider.Verdict) (time.Duration, bool) {
		if !v.Good() {
			return inForce.Load().Refused, true
		}
		keep := inForce.Load().Verified
		for _, end := range []time.Time{v.Until, v.RecheckAt} {
			if !end.IsZero() {
				keep = min(keep, time.Until(end))
			}
		}
		return keep, false
	}, remembered)
	if err != nil {
		return nil, err
	}
	c.overdue, err = lru.New[question, time.Time](maxOverdue)
	return c, err
}

// remembered is a verdict without its signatures, and a refusal without its signer. These go once to the callers who waited
// and to the log, and an attacker can make them 30 KiB long. What the encoded item has already is not kept a second time.
func remembered(v *provider.Verdict) *provider.Verdict {
	kept := *v
	kept.Signatures = nil
	if !v.Good() {
		kept.Signer = ""
	}
	if v.Item != "" {
		kept.Metadata, kept.SignerIdentity = nil, nil
	}
	return &kept
}

// Close ends all that is under way and waits for it.
func (c *Cache) Close() { c.bg.close() }

// Get answers from memory alone. An entry that is due is renewed in the background.
func (c *Cache) Get(image provider.Image, verifier provider.Verifier) (provider.Verdict, bool) {
	desc := ocispec.Descriptor{Digest: image.Digest}
	if image.Digest == "" {
		tag := tagKey{image.Repository, image.Tag}
		resolved, stale, ok := c.tags.recall(tag)
		if !ok {
			return provider.Verdict{}, false
		}
		if stale {
			c.tags.join(context.Background(), tag, image, c.resolveFetcher(image, verifier))
		}
		if !resolved.found {
			c.bg.observe(Tags, Hit)
			return notFound(image, verifier), true
		}
		desc = resolved.desc
	}
	key := keyOf(image, desc, verifier)
	verdict, stale, ok := c.verdicts.recall(key)
	if !ok {
		return provider.Verdict{}, false
	}
	if stale { // only then: making the closure costs more than the whole lookup
		c.verdicts.join(context.Background(), key, image, c.verifyFetcher(image, desc, verifier))
	}
	if image.Digest == "" {
		c.bg.observe(Tags, Hit)
	}
	c.bg.observe(Verdicts, Hit)
	return *verdict, true
}

// Verify answers from memory, or finds out. It does not wait for a check that is still under way
// and that a request has waited for in vain within the [skipWindow].
func (c *Cache) Verify(ctx context.Context, image provider.Image, verifier provider.Verifier) (verdict provider.Verdict, err error) {
	q := question{image, verifier.Fingerprint()}
	if c.skipWait(q) {
		return provider.Verdict{}, notInTime(nil)
	}
	defer func() {
		if err != nil {
			c.noteOverdue(ctx, q)
		}
	}()
	desc, err := c.resolve(ctx, image, verifier)
	if errors.Is(err, provider.ErrNotFound) {
		return notFound(image, verifier), nil
	}
	if err != nil {
		return provider.Verdict{}, err
	}
	found, err := c.verdicts.get(ctx, keyOf(image, desc, verifier), image, c.verifyFetcher(image, desc, verifier))
	if err != nil {
		return provider.Verdict{}, err
	}
	return *found, nil
}

// Resolve returns what the image's reference stands for. A digest stands for itself: no
// registry is asked, and the descriptor holds the digest only. It waits as Verify does.
func (c *Cache) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	q := question{image: image}
	if c.skipWait(q) {
		return ocispec.Descriptor{}, notInTime(nil)
	}
	desc, err := c.resolve(ctx, image, nil)
	if err != nil {
		c.noteOverdue(ctx, q)
	}
	return desc, err
}

func (c *Cache) resolve(ctx context.Context, image provider.Image, verifier provider.Verifier) (ocispec.Descriptor, error) {
	if image.Digest != "" {
		return ocispec.Descriptor{Digest: image.Digest}, nil
	}
	resolved, err := c.tags.get(ctx, tagKey{image.Repository, image.Tag}, image, c.resolveFetcher(image, verifier))
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if !resolved.found {
		return ocispec.Descriptor{}, provider.ErrNotFound
	}
	return resolved.desc, nil
}
