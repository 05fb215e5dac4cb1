package provider

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Trust hands out the trust in force.
type Trust interface {
	// Snapshot returns what is trusted now. It is immutable: a request takes one
	// and verifies all its images by it.
	Snapshot() Snapshot
}

// Snapshot is the trust at one moment.
type Snapshot interface {
	// Verifier returns the verifier of the most specific trust policy statement that
	// covers the image; false if no statement does. It does not use the network.
	Verifier(Image) (Verifier, bool)
}

// Verifier verifies images by one statement of the trust policy and its certificates.
type Verifier interface {
	// Policy is the statement's name.
	Policy() string
	// Fingerprint changes whenever a verdict under the policy could.
	Fingerprint() string
	// VerifyKnown verifies the image by the evidence that is kept of it, without asking
	// its registry; false if that does not prove the image good today.
	VerifyKnown(ctx context.Context, image Image, desc ocispec.Descriptor) (Verdict, bool)
	// Verify verifies the image, whose descriptor has at least a digest. A refusal
	// is a Verdict; the error is an UndecidedError.
	Verify(ctx context.Context, image Image, desc ocispec.Descriptor) (Verdict, error)
}

// Cache answers from memory what is known, and finds out what is not.
type Cache interface {
	// Get answers at once, or says that it cannot.
	Get(Image, Verifier) (Verdict, bool)
	// Verify waits for the answer until ctx is done. The work itself goes on.
	Verify(ctx context.Context, image Image, verifier Verifier) (Verdict, error)
	// Resolve returns the digest that the image's tag stands for, or ErrNotFound.
	Resolve(ctx context.Context, image Image) (ocispec.Descriptor, error)
}

// Options are what New needs.
type Options struct {
	Trust    Trust
	Cache    Cache
	Settings Settings
}

// Settings are what of a Provider can change while it is in use.
type Settings struct {
	// AnswerWithin bounds Answer, MutateWithin bounds Pin.
	AnswerWithin, MutateWithin time.Duration
	// Images is how many references are kept parsed; at least one.
	Images int
}

// Provider answers questions about images.
type Provider struct {
	options  Options
	settings atomic.Pointer[Settings]
	// parsed saves parsing keys that are asked for again. Only keys that parse are
	// kept, so malformed ones cannot push them out.
	parsed *lru.Cache[string, Image]
}

// New returns a Provider. Its only error is about Settings.Images.
func New(o Options) (*Provider, error) {
	parsed, err := lru.New[string, Image](o.Settings.Images)
	if err != nil {
		return nil, err
	}
	p := &Provider{options: o, parsed: parsed}
	p.settings.Store(&o.Settings)
	return p, nil
}

// Configure puts other settings in force. Requests under way keep their deadline.
func (p *Provider) Configure(s Settings) {
	p.settings.Store(&s)
	p.parsed.Resize(s.Images)
}

// Settings returns those in force.
func (p *Provider) Settings() Settings { return *p.settings.Load() }

// Finding is the answer for one key: a Verdict if Err is nil, else why it is undecided.
type Finding struct {
	// Key is the key as asked, byte for byte.
	Key     string
	Verdict Verdict
	Err     *UndecidedError
}

// Answer gives one finding for each distinct key, in the order of their first
// appearance, within AnswerWithin, whatever registries do.
func (p *Provider) Answer(ctx context.Context, keys []string) []Finding {
	ctx, cancel := context.WithTimeout(ctx, p.settings.Load().AnswerWithin)
	defer cancel()
	snapshot := p.options.Trust.Snapshot()
	findings := make([]Finding, 0, len(keys))
	for _, key := range distinct(keys) {
		findings = append(findings, Finding{Key: key})
	}
	var group sync.WaitGroup
	for i := range findings {
		finding := &findings[i]
		image, verifier, settled := p.resolvePolicy(snapshot, finding.Key)
		if settled != nil {
			finding.Verdict = *settled
		} else if known, ok := p.options.Cache.Get(image, verifier); ok {
			finding.Verdict = known
		} else {
			group.Go(func() {
				verdict, err := p.options.Cache.Verify(ctx, image, verifier)
				if err != nil {
					finding.Err = AsUndecided(err)
					return
				}
				finding.Verdict = verdict
			})
		}
	}
	group.Wait()
	return findings
}

// resolvePolicy parses the key and finds the trust policy that covers the image. The
// verdicts that it returns itself need no network and are never cached.
func (p *Provider) resolvePolicy(snapshot Snapshot, key string) (Image, Verifier, *Verdict) {
	image, ok := p.parsed.Get(key)
	if !ok {
		var err error
		if image, err = ParseQuestion(key); err != nil {
			return Image{}, nil, &Verdict{Reason: Malformed, Detail: err.Error()}
		}
		p.parsed.Add(key, image)
	}
	verifier, ok := snapshot.Verifier(image)
	if !ok {
		return Image{}, nil, &Verdict{Reason: OutOfScope, Image: image, Detail: "no trust policy covers " + image.Repository}
	}
	return image, verifier, nil
}

// Pinned is what Pin says of one key: either Image or Problem is set.
type Pinned struct {
	Key string
	// Image is the key with the digest of its tag, or the key as it was.
	Image string
	// Problem is one line: why the digest is not known.
	Problem string
}

// Pin resolves tags to digests, within MutateWithin. It verifies nothing: a key that
// has a digest, or that no policy covers, comes back as it was written.
func (p *Provider) Pin(ctx context.Context, keys []string) []Pinned {
	ctx, cancel := context.WithTimeout(ctx, p.settings.Load().MutateWithin)
	defer cancel()
	snapshot := p.options.Trust.Snapshot()
	pins := make([]Pinned, 0, len(keys))
	for _, key := range distinct(keys) {
		pins = append(pins, Pinned{Key: key})
	}
	var group sync.WaitGroup
	for i := range pins {
		pin := &pins[i]
		image, _, settled := p.resolvePolicy(snapshot, pin.Key)
		switch {
		case settled != nil && settled.Reason == Malformed:
			pin.Problem = string(Malformed) + ": " + settled.Detail
		case strings.Contains(pin.Key, "?"):
			pin.Problem = string(Malformed) + ": conditions are for /validate; an image is pinned without them"
		case settled != nil || image.Digest != "":
			pin.Image = pin.Key
		default:
			group.Go(func() { pin.resolve(ctx, p.options.Cache, image) })
		}
	}
	group.Wait()
	return pins
}

func (p *Pinned) resolve(ctx context.Context, cache Cache, image Image) {
	desc, err := cache.Resolve(ctx, image)
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
