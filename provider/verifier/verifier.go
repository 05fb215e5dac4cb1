package verifier

import (
	"context"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/notaryproject/notation-core-go/revocation/purpose"
	notationverifier "github.com/notaryproject/notation-go/verifier"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"

	"github.com/notaryproject/notation-go"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// Repository is where one image's manifest and signatures are asked for.
type Repository interface {
	// Resolve returns the manifest's descriptor, or provider.ErrNotFound.
	Resolve(context.Context) (ocispec.Descriptor, error)
	// Signatures lists signature manifests, host by host: the next one is asked when the caller goes on. The last
	// list counts for what there is not; an error ends it.
	Signatures(context.Context, ocispec.Descriptor) iter.Seq2[provider.Listing, error]
	// Envelope fetches what a signature manifest holds, and its descriptor;
	// provider.ErrNoEnvelope if it holds none, provider.ErrNotFound for a 404.
	Envelope(context.Context, ocispec.Descriptor) ([]byte, ocispec.Descriptor, error)
}

// Evidence remembers what proved an image good.
type Evidence interface {
	// Recall returns what is remembered of the image, checked against its digests.
	Recall(context.Context, provider.Image) (*evidence.Record, bool)
	// Keep remembers what verified the image.
	Keep(context.Context, provider.Image, evidence.Record)
}

// Options are what New needs.
type Options struct {
	Trust *trust.Files
	// Repository returns where an image is asked for.
	Repository func(provider.Image) Repository
	// Evidence is asked before the repository; without it nothing is remembered.
	Evidence Evidence
	// Signatures bounds how many signatures of an image are looked at, of each host's list.
	Signatures int
	// Revocation is the client for OCSP responders and CRLs: bounded and guarded.
	Revocation http.RoundTripper
	// RevocationAge is how old an answer about revocation may be that a verdict
	// stands on; never beyond its own next update.
	RevocationAge time.Duration
	// Log is told of every judgement; without it nobody is.
	Log *slog.Logger
}

// forgetful is evidence that nobody keeps.
type forgetful struct{}

func (forgetful) Recall(context.Context, provider.Image) (*evidence.Record, bool) { return nil, false }
func (forgetful) Keep(context.Context, provider.Image, evidence.Record)           {}

// Verifier judges images. It implements provider.Trust: a snapshot of the trust in
// force, with the judge bound to each policy.
type Verifier struct {
	Options
	revocation *revocation.Checker
	links      *links
	decoding   *semaphore.Weighted
}

// New returns a verifier.
func New(o Options) (*Verifier, error) {
	if o.Evidence == nil {
		o.Evidence = forgetful{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	checker, err := revocation.New(revocation.Options{Transport: o.Revocation, MaxAge: o.RevocationAge})
	if err != nil {
		return nil, err
	}
	links, err := newLinks()
	return &Verifier{Options: o, revocation: checker, links: links, decoding: semaphore.NewWeighted(maxDecoding)}, err
}

// Snapshot returns the trust in force.
func (v *Verifier) Snapshot() provider.Snapshot { return snapshot{v, v.Trust.Current()} }

// court is a verifier under one snapshot.
type snapshot struct {
	verifier *Verifier
	trusted  *trust.Snapshot
}

// Policy returns the statement that covers the image, ready to judge.
func (s snapshot) Verifier(image provider.Image) (provider.Verifier, bool) {
	policy, ok := s.trusted.Find(image.Repository)
	if !ok {
		return nil, false
	}
	return policyVerifier{policy, s.verifier}, true
}

// judge is a verifier under one policy.
type policyVerifier struct {
	policy   *trust.Policy
	verifier *Verifier
}

// Policy is the statement's name.
func (p policyVerifier) Policy() string { return p.policy.Name() }

// Fingerprint changes whenever a verdict under the policy could.
func (p policyVerifier) Fingerprint() string { return p.policy.Fingerprint() }

// reference stands for the image where notation wants its name. Which policy
// applies is decided already, by scopes that notation does not have, and the
// repository is bound; so the name decides nothing, and notation's grammar for it,
// which knows no IPv6 hosts, refuses nothing.
const reference = "image.invalid/judged@"

// Recheck judges by the evidence. Evidence that fails decides nothing: another
// signature may have come.
func (p policyVerifier) VerifyKnown(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, bool) {
	record, ok := p.verifier.Evidence.Recall(ctx, image)
	if !ok {
		return provider.Verdict{}, false
	}
	verdict, _, err := p.verifyFrom(ctx, image, desc, record)
	if err != nil || !verdict.Good() {
		return provider.Verdict{}, false
	}
	p.log(ctx, image, verdict, nil)
	return verdict, true
}

// Verify judges by what the registry says, and keeps what proved the image good.
func (p policyVerifier) Verify(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, error) {
	verdict, rec, err := p.verifyFrom(ctx, image, desc, p.verifier.Repository(image))
	if err == nil && verdict.Good() {
		p.verifier.Evidence.Keep(ctx, image, rec.current)
	}
	p.log(ctx, image, verdict, err)
	return verdict, err
}

// log tells what the judgement came to: once, here, and not each time that the verdict is
// given again. Each line is bounded, for strangers decide how much there is to tell.
func (p policyVerifier) log(ctx context.Context, image provider.Image, v provider.Verdict, err error) {
	if err != nil {
		undecided := provider.AsUndecided(err)
		list, leftOut := provider.BriefSignatures(undecided.Signatures)
		p.verifier.Log.WarnContext(ctx, "not judged", "image", provider.Brief(image.String(), provider.BriefKey), "policy", p.Policy(),
			"error", undecided.Brief(), "signatures", list, "signaturesLeftOut", leftOut)
		return
	}
	list, leftOut := provider.BriefSignatures(v.Signatures)
	p.verifier.Log.InfoContext(ctx, "judged", "image", provider.Brief(v.Image.String(), provider.BriefKey), "reason", v.Reason, "policy", v.Policy,
		"signer", provider.Brief(v.Signer, provider.BriefDetail), "detail", provider.Brief(v.Detail, provider.BriefDetail),
		"warnings", v.Warnings, "signatures", list, "signaturesLeftOut", leftOut)
}

// verifyFrom judges by what a repository says.
func (p policyVerifier) verifyFrom(ctx context.Context, image provider.Image, desc ocispec.Descriptor, repository Repository) (provider.Verdict, *recorder, error) {
	rec := &recorder{
		policy: p.policy, image: image, desc: desc, limit: p.verifier.Signatures, repository: repository,
		links: p.verifier.links, decoding: p.verifier.decoding,
	}
	defer rec.release()
	options := notationverifier.VerifierOptions{
		RevocationCodeSigningValidator:  releasing{p.verifier.revocation.Validator(purpose.CodeSigning, rec.signing.record), rec},
		RevocationTimestampingValidator: releasing{p.verifier.revocation.Validator(purpose.Timestamping, rec.timestamping.record), rec},
	}
	inner, err := notationverifier.NewWithOptions(p.policy.Document(), rec, nil, options)
	if err != nil {
		return provider.Verdict{}, rec, provider.Undecided(provider.CauseInternal, err, "internal error")
	}
	rec.inner = inner
	judged, outcomes, err := notation.Verify(ctx, rec, rec, notation.VerifyOptions{
		ArtifactReference: reference + image.Digest.String(),
		// The recorder keeps to the limit: notation takes reaching its own for a
		// failure, and would hide what the last one's was.
		MaxSignatureAttempts: math.MaxInt,
	})
	if err == nil && len(outcomes) == 1 && judged.Digest == image.Digest {
		return rec.verified(outcomes[0]), rec, nil
	}
	verdict, err := rec.notVerified(err)
	return verdict, rec, err
}
