package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Trust hands out the trust in force.
type Trust interface {
	// Snapshot returns what is trusted now. It is immutable: one request takes
	// one and judges everything by it.
	Snapshot() Snapshot
}

// Snapshot is the trust at one moment.
type Snapshot interface {
	// Policy returns the statement that covers the image, the most specific one;
	// false if none does. It asks nobody.
	Verifier(Image) (Verifier, bool)
}

// Policy is one statement of the trust policy, with its certificates.
type Verifier interface {
	// Name is the statement's.
	Name() string
	// Fingerprint changes whenever a verdict under the policy could.
	Fingerprint() string
	// Recheck judges the image by what is remembered of its signatures; false if that
	// does not prove it good today. It asks no registry.
	VerifyKnown(ctx context.Context, image Image, desc ocispec.Descriptor) (Verdict, bool)
	// Verify judges the image, whose descriptor has at least a digest. A refusal
	// is a Verdict; the error is an UndecidedError.
	Verify(ctx context.Context, image Image, desc ocispec.Descriptor) (Verdict, error)
}

// Memory answers from what is known already, and finds out what is not.
type Cache interface {
	// Recall answers at once, or says that it cannot.
	Get(Image, Verifier) (Verdict, bool)
	// Judge waits for the answer until ctx is done. The work itself goes on.
	Verify(ctx context.Context, image Image, verifier Verifier) (Verdict, error)
	// Resolve returns the digest that the image's tag stands for, or ErrNotFound.
	Resolve(ctx context.Context, image Image) (ocispec.Descriptor, error)
}

// Options are what New needs.
type Options struct {
	Trust Trust
	Cache Cache
	// AnswerWithin bounds Answer, MutateWithin bounds Pin.
	AnswerWithin, MutateWithin time.Duration
	// Images is how many references are kept parsed; at least one.
	Images int
}

// Provider answers questions about images.
type Provider struct {
	Options
	// parsed saves the grammar's work on keys that come again and again. Only
	// what parsed is kept, so junk pushes nothing out.
	parsed *lru.Cache[string, Image]
}

// New returns a Provider. Its only error is about Options.Images.
func New(o Options) (*Provider, error) {
	parsed, err := lru.New[string, Image](o.Images)
	if err != nil {
		return nil, err
	}
	return &Provider{Options: o, parsed: parsed}, nil
}

// Finding is the answer for one key: a Verdict if Err is nil, else ignorance.
type Finding struct {
	// Key is the key as asked, byte for byte.
	Key     string
	Verdict Verdict
	Err     *UndecidedError
}

// Answer gives one finding for each distinct key, in the order of their first
// appearance, within AnswerWithin, whatever registries do.
func (p *Provider) Answer(ctx context.Context, keys []string) []Finding {
	ctx, cancel := context.WithTimeout(ctx, p.AnswerWithin)
	defer cancel()
	snapshot := p.Trust.Snapshot()
	findings := make([]Finding, 0, len(keys))
	for _, key := range distinct(keys) {
		findings = append(findings, Finding{Key: key})
	}
	var asking sync.WaitGroup
	for i := range findings {
		finding := &findings[i]
		image, verifier, settled := p.resolvePolicy(snapshot, finding.Key)
		if settled != nil {
			finding.Verdict = *settled
		} else if known, ok := p.Cache.Get(image, verifier); ok {
			finding.Verdict = known
		} else {
			asking.Go(func() { finding.record(p.Cache.Verify(ctx, image, verifier)) })
		}
	}
	asking.Wait()
	return findings
}

// settle notes what the walk came back with.
func (f *Finding) record(verdict Verdict, err error) {
	if err != nil {
		f.Verdict, f.Err = Verdict{}, AsUndecided(err)
		return
	}
	f.Verdict = verdict
}

// admit reads the key and finds the policy that covers it. What it settles
// itself needs no network and is never remembered.
func (p *Provider) resolvePolicy(snapshot Snapshot, key string) (Image, Verifier, *Verdict) {
	image, err := p.parse(key)
	if err != nil {
		return Image{}, nil, &Verdict{Reason: Malformed, Detail: err.Error()}
	}
	verifier, ok := snapshot.Verifier(image)
	if !ok {
		return Image{}, nil, &Verdict{Reason: OutOfScope, Image: image, Detail: "no trust policy covers " + image.Repository}
	}
	return image, verifier, nil
}

func (p *Provider) parse(key string) (Image, error) {
	if image, ok := p.parsed.Get(key); ok {
		return image, nil
	}
	image, err := ParseImage(key)
	if err == nil {
		p.parsed.Add(key, image)
	}
	return image, err
}

// Pinned is what Pin says of one key: either Image or Problem is set.
type Pinned struct {
	Key string
	// Image is the key with the digest of its tag, or the key as it was.
	Image string
	// Problem is one line: why the digest is not known.
	Problem string
}

// Pin resolves tags to digests, within MutateWithin. It judges nothing: what is
// pinned already, or covered by no policy, comes back as it was written.
func (p *Provider) Pin(ctx context.Context, keys []string) []Pinned {
	ctx, cancel := context.WithTimeout(ctx, p.MutateWithin)
	defer cancel()
	snapshot := p.Trust.Snapshot()
	pins := make([]Pinned, 0, len(keys))
	for _, key := range distinct(keys) {
		pins = append(pins, Pinned{Key: key})
	}
	var asking sync.WaitGroup
	for i := range pins {
		pin := &pins[i]
		image, _, settled := p.resolvePolicy(snapshot, pin.Key)
		switch {
		case settled != nil && settled.Reason == Malformed:
			pin.Problem = string(Malformed) + ": " + settled.Detail
		case settled != nil || image.Digest != "":
			pin.Image = pin.Key
		default:
			asking.Go(func() { pin.resolve(ctx, p.Cache, image) })
		}
	}
	asking.Wait()
	return pins
}

func (p *Pinned) resolve(ctx context.Context, memory Cache, image Image) {
	desc, err := memory.Resolve(ctx, image)
	switch {
	case errors.Is(err, ErrNotFound):
		p.Problem = string(NotFound) + ": the registry has no " + image.String()
	case err != nil:
		undecided := AsUndecided(err)
		p.Problem = "undecided: " + string(undecided.Cause) + ": " + undecided.Detail
	default:
		p.Image = p.Key + "@" + desc.Digest.String()
	}
}

// distinct returns the keys without repetition, in the order of first appearance.
func distinct(keys []string) []string {
	if len(keys) < 2 {
		return keys
	}
	seen := make(map[string]struct{}, len(keys))
	once := make([]string, 0, len(keys))
	for _, key := range keys {
		if _, ok := seen[key]; !ok {
			seen[key] = struct{}{}
			once = append(once, key)
		}
	}
	return once
}
