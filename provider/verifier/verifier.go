package verifier

import (
	"context"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-go"
	notationverifier "github.com/notaryproject/notation-go/verifier"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"

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

// Options are what New needs.
type Options struct {
	Trust *trust.Files
	// Repository returns where an image is asked for.
	Repository func(provider.Image) Repository
	// Evidence is tried before the repository; nil keeps none.
	Evidence *evidence.Evidence
	// Signatures bounds how many signatures of an image are looked at, of each host's list.
	Signatures int
	// Revocation is the client for OCSP responders and CRLs: bounded and guarded.
	Revocation http.RoundTripper
	// RevocationAge is how old an answer about revocation may be that a verdict relies on;
	// never beyond its own next update.
	RevocationAge time.Duration
	// RevocationOutcome is told how each request to an OCSP responder or for a CRL ended. Default: not told.
	RevocationOutcome func(kind, outcome string)
	// Log gets a line for each verification; nil logs nothing.
	Log *slog.Logger
}

// Verifier verifies images. It implements provider.Trust.
type Verifier struct {
	options    Options
	revocation *revocation.Checker
	links      *links
	signers    *signers
	lapses     *lapses
	logged     *logged
	decoding   *semaphore.Weighted
	signatures atomic.Int64 // how many of an image are looked at
	transport  *transport   // for OCSP responders and CRLs
}

// New returns a verifier.
func New(o Options) (*Verifier, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	transport := &transport{}
	transport.current.Store(&o.Revocation)
	checker, err := revocation.New(revocation.Options{Transport: transport, MaxAge: o.RevocationAge, Log: o.Log, Observe: o.RevocationOutcome})
	if err != nil {
		return nil, err
	}
	links, err := newLinks()
	if err != nil {
		return nil, err
	}
	logged, err := newLogged()
	if err != nil {
		return nil, err
	}
	lapses, err := newLapses()
	if err != nil {
		return nil, err
	}
	signers, err := newSigners()
	v := &Verifier{options: o, revocation: checker, links: links, signers: signers, lapses: lapses, logged: logged, decoding: semaphore.NewWeighted(maxDecoding), transport: transport}
	v.signatures.Store(int64(o.Signatures))
	return v, err
}

// Snapshot returns the trust in force.
func (v *Verifier) Snapshot() provider.Snapshot { return snapshot{v, v.options.Trust.Current()} }

// snapshot is a verifier with the trust of one moment. It implements provider.Snapshot.
type snapshot struct {
	verifier *Verifier
	trusted  *trust.Snapshot
}

// Verifier returns the verifier by the statement that covers the image.
func (s snapshot) Verifier(image provider.Image) (provider.Verifier, bool) {
	policy, ok := s.trusted.Find(image.Repository)
	if !ok {
		return nil, false
	}
	return policyVerifier{policy, s.verifier, image.Conditions}, true
}

// policyVerifier verifies by one statement of the trust policy, and by the conditions of a question. It implements
// provider.Verifier.
type policyVerifier struct {
	policy     *trust.Policy
	verifier   *Verifier
	conditions string
}

// Policy is the statement's name.
func (p policyVerifier) Policy() string { return p.policy.Name() }

// Fingerprint changes whenever a verdict under the policy could, and is another one for each set of conditions.
func (p policyVerifier) Fingerprint() string {
	if p.conditions == "" {
		return p.policy.Fingerprint()
	}
	return p.policy.Fingerprint() + "?" + p.conditions
}

// VerifyKnown verifies by the evidence. Evidence that fails decides nothing: another
// signature may have been pushed.
func (p policyVerifier) VerifyKnown(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, bool) {
	record, ok := p.verifier.options.Evidence.Recall(ctx, image)
	if !ok {
		return provider.Verdict{}, false
	}
	verdict, _, err := p.verifyFrom(ctx, image, desc, record)
	if err != nil || !verdict.Good() {
		return provider.Verdict{}, false
	}
	p.note(ctx, image, verdict, nil)
	return verdict, true
}

// Verify verifies by what the registry has, and keeps the evidence of a verified image.
func (p policyVerifier) Verify(ctx context.Context, image provider.Image, desc ocispec.Descriptor) (provider.Verdict, error) {
	verdict, record, err := p.verifyFrom(ctx, image, desc, p.verifier.options.Repository(image))
	if err == nil && verdict.Good() {
		p.verifier.options.Evidence.Keep(ctx, image, record)
	}
	p.note(ctx, image, verdict, err)
	return verdict, err
}

// reference stands for the image where notation wants its name. The policy is chosen
// already, by scopes that notation does not have, and the repository is bound. So the name
// decides nothing, and notation's grammar, which knows no IPv6 hosts, refuses nothing.
const reference = "image.invalid/verified@"

// verifyFrom runs notation.Verify on what a repository has. It returns the signature that was
// looked at last, which is the one that verified the image.
func (p policyVerifier) verifyFrom(ctx context.Context, image provider.Image, desc ocispec.Descriptor, repository Repository) (provider.Verdict, evidence.Record, error) {
	rec := &recorder{
		policy: p.policy, image: image, desc: desc, limit: int(p.verifier.signatures.Load()), repository: repository,
		links: p.verifier.links, decoding: p.verifier.decoding,
	}
	defer rec.release()
	var err error
	if p.conditions != "" {
		if rec.conditions, err = provider.ParseConditions(p.conditions); err != nil {
			return provider.Verdict{}, evidence.Record{}, provider.Undecided(provider.CauseInternal, err, provider.DetailDefect)
		}
	}
	options := notationverifier.VerifierOptions{
		RevocationCodeSigningValidator:  validator{p.verifier.revocation, purpose.CodeSigning, rec, &rec.signing},
		RevocationTimestampingValidator: validator{p.verifier.revocation, purpose.Timestamping, rec, &rec.timestamping},
	}
	if rec.notation, err = notationverifier.NewWithOptions(p.policy.Document(), rec, nil, options); err != nil {
		return provider.Verdict{}, evidence.Record{}, provider.Undecided(provider.CauseInternal, err, provider.DetailDefect)
	}
	manifest, outcomes, err := notation.Verify(ctx, rec, rec, notation.VerifyOptions{
		ArtifactReference: reference + image.Digest.String(),
		// The recorder keeps to the limit: notation takes reaching its own for a
		// failure, and would hide what the last one's was.
		MaxSignatureAttempts: math.MaxInt,
	})
	if err == nil && len(outcomes) == 1 && manifest.Digest == image.Digest {
		p.verifier.signers.note(chainOf(outcomes[0]))
		return rec.verified(outcomes[0]), rec.current, nil
	}
	verdict, err := rec.notVerified(err)
	return verdict, rec.current, err
}
