package cache_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
)

// The times of a cache under test.
const (
	verifiedFor  = 10 * time.Minute
	refusedFor   = 15 * time.Second
	tagsFor      = time.Minute
	verifyWithin = 15 * time.Second
)

func digestOf(text string) digest.Digest { return digest.FromString(text) }

// world is all that a cache asks: registry, limiter and verifier, and what it observes.
// What is not set is as good as can be, and takes no time.
type world struct {
	*cache.Cache
	// resolve answers for tags; each stands for the digest of its own name.
	resolve func(context.Context, provider.Image) (ocispec.Descriptor, error)
	// verify verifies by the registry.
	verify func(context.Context, provider.Image) (provider.Verdict, error)
	// recheck verifies by evidence, if there is any.
	recheck func(context.Context, provider.Image) (provider.Verdict, bool)
	// encode makes what is sent of a verdict.
	encode func(*provider.Verdict) string
	// enter is the limiter.
	enter func(context.Context, string) error

	mu       sync.Mutex
	resolves int
	verifies int
	inside   int
	hosts    map[string]bool
	events   map[string]int
	took     []string
}

func newWorld(t *testing.T, entries int) *world {
	t.Helper()
	w := &world{hosts: map[string]bool{}, events: map[string]int{}}
	c, err := cache.New(cache.Options{
		Resolver: registry{w}, Limit: w,
		Settings: cache.Settings{Entries: entries, Verified: verifiedFor, Refused: refusedFor, Tags: tagsFor, VerifyWithin: verifyWithin},
		Observe:  func(memory string, event cache.Event) { w.note(func() { w.events[memory+" "+string(event)]++ }) },
		Encode: func(v *provider.Verdict) string {
			if w.encode == nil {
				return ""
			}
			return w.encode(v)
		},
		Took: func(memory string, took time.Duration) {
			w.note(func() { w.took = append(w.took, fmt.Sprint(memory, " ", took)) })
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Cache = c
	t.Cleanup(func() {
		c.Close()
		if n := w.count(&w.inside); n != 0 {
			t.Errorf("%d places at the limiter are not given back", n)
		}
	})
	return w
}

func (w *world) note(what func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what()
}

func (w *world) count(n *int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *n
}

// counted is how often an event of a memory was told.
func (w *world) counted(event string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events[event]
}

func (w *world) Enter(ctx context.Context, host, _ string) (func(), error) {
	if w.enter != nil {
		if err := w.enter(ctx, host); err != nil {
			return nil, err
		}
	}
	w.note(func() { w.inside++; w.hosts[host] = true })
	return func() { w.note(func() { w.inside-- }) }, nil
}

// registry resolves for the cache, which has a Resolve of its own.
type registry struct{ *world }

func (w registry) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	w.note(func() { w.resolves++ })
	if w.resolve != nil {
		return w.resolve(ctx, image)
	}
	return ocispec.Descriptor{Digest: digestOf(image.Tag)}, nil
}

// policy verifies by its world, under its own name.
type policy struct {
	*world
	name string
}

func (p policy) Policy() string      { return p.name }
func (p policy) Fingerprint() string { return "fingerprint of " + p.name }

func (p policy) VerifyKnown(ctx context.Context, image provider.Image, _ ocispec.Descriptor) (provider.Verdict, bool) {
	if p.recheck == nil {
		return provider.Verdict{}, false
	}
	return p.recheck(ctx, image)
}

func (p policy) Verify(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, error) {
	p.note(func() { p.verifies++ })
	if image.Digest != desc.Digest || image.Tag != "" {
		return provider.Verdict{}, fmt.Errorf("asked to verify %s by %s", image, desc.Digest)
	}
	if p.verify != nil {
		verdict, err := p.verify(ctx, image)
		verdict.Image, verdict.Policy = image, p.name
		return verdict, err
	}
	return provider.Verdict{Reason: provider.Verified, Image: image, Policy: p.name}, nil
}

// image is one of in.example's: "name:tag", or "name@text" for the text's digest.
func image(written string) provider.Image {
	if name, text, ok := strings.Cut(written, "@"); ok {
		return provider.Image{Host: "in.example", Repository: "in.example/" + name, Digest: digestOf(text)}
	}
	name, tag, _ := strings.Cut(written, ":")
	return provider.Image{Host: "in.example", Repository: "in.example/" + name, Tag: tag}
}

// ask verifies an image under a policy, as a request would that has 1.8 s, and
// returns the reason or "undecided <cause>".
func (w *world) ask(t *testing.T, written, policyName string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 1800*time.Millisecond)
	defer cancel()
	return said(w.Verify(ctx, image(written), policy{w, policyName}))
}

// known is what is cached, "" for nothing.
func (w *world) known(written, policyName string) string {
	verdict, ok := w.Get(image(written), policy{w, policyName})
	if !ok {
		return ""
	}
	return said(verdict, nil)
}

func said(verdict provider.Verdict, err error) string {
	if err != nil {
		return "undecided " + string(provider.AsUndecided(err).Cause)
	}
	return string(verdict.Reason)
}

// takes returns a verifier that takes its time, and settles on a reason.
func takes(d time.Duration, reason provider.Reason) func(context.Context, provider.Image) (provider.Verdict, error) {
	return func(ctx context.Context, _ provider.Image) (provider.Verdict, error) {
		if err := wait(ctx, d); err != nil {
			return provider.Verdict{}, err
		}
		return provider.Verdict{Reason: reason}, nil
	}
}

// slowly returns a registry that takes its time.
func slowly(d time.Duration) func(context.Context, provider.Image) (ocispec.Descriptor, error) {
	return func(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{Digest: digestOf(image.Tag)}, wait(ctx, d)
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return provider.Undecided(provider.CauseRegistry, ctx.Err(), "the registry does not answer")
	}
}

func down(context.Context, provider.Image) (provider.Verdict, error) {
	return provider.Verdict{Reason: provider.Verified}, provider.Undecided(provider.CauseRegistry, nil, "the registry is down")
}
