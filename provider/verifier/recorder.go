package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/tspclient-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// recorder stands in for both arguments of notation.Verify, the repository and the
// verifier, and records what it sees. It serves one call; notation.Verify makes its
// calls one after the other.
type recorder struct {
	policy     *trust.Policy
	image      provider.Image
	desc       ocispec.Descriptor
	limit      int
	repository Repository
	notation   notation.Verifier
	conditions []provider.Condition // of the question; all must hold of one signature

	resolveErr error                // why the manifest could not be resolved
	listed     bool                 // whether the repository listed signatures
	candidates []ocispec.Descriptor // signatures that notation was given
	more       bool                 // there are signatures beyond the limit
	incomplete error                // why there may be signatures that were not listed

	links    *links
	decoding *semaphore.Weighted
	held     int64 // of decoding, in bytes, for the current signature

	current      evidence.Record // the current signature
	token        *tspclient.SignedToken
	rejected     *rejection // why notation is not given the current signature
	signing      revocationStatus
	timestamping revocationStatus
	results      []signatureResult
}

// rejection is why notation is not given a signature.
type rejection struct {
	reason provider.Reason // "" if err leaves it undecided
	signer string
	err    error
}

// Resolve implements notation's registry.Repository. A descriptor that is known
// already is not asked for again.
func (rec *recorder) Resolve(ctx context.Context, _ string) (ocispec.Descriptor, error) {
	if rec.desc.MediaType != "" {
		rec.current.Manifest = rec.desc
		return rec.desc, nil
	}
	desc, err := rec.repository.Resolve(ctx)
	if err == nil && desc.Digest != rec.image.Digest {
		err = provider.Undecided(provider.CauseRegistry, nil, "the registry answered with another digest")
	}
	rec.current.Manifest, rec.resolveErr = desc, err
	return desc, err
}

// ListSignatures implements notation's registry.Repository: signatures of trusted
// certificates first, no more than the limit of each list, and none that was in a list
// before. The next list is asked for while none is good.
func (rec *recorder) ListSignatures(ctx context.Context, desc ocispec.Descriptor, fn func([]ocispec.Descriptor) error) error {
	for listing, err := range rec.repository.Signatures(ctx, desc) {
		if err != nil {
			rec.incomplete = err
			return err
		}
		list := slices.DeleteFunc(slices.Clone(listing.Signatures), func(desc ocispec.Descriptor) bool {
			// A list that has another media type or size for the signature may have been wrong.
			return slices.ContainsFunc(rec.candidates, func(c ocispec.Descriptor) bool {
				return c.Digest == desc.Digest && c.MediaType == desc.MediaType && c.Size == desc.Size
			})
		})
		rec.listed, rec.incomplete, rec.more = true, listing.Incomplete, listing.More || len(list) > rec.limit
		list = rec.inOrder(list)
		list = list[:min(len(list), rec.limit)]
		rec.candidates = append(rec.candidates, list...)
		if err := fn(list); err != nil {
			return err
		}
	}
	return nil
}

// inOrder sorts signatures by their annotation, and keeps the order otherwise: first those that name a trusted certificate,
// then those that name none, then those that name only certificates that are not trusted.
func (rec *recorder) inOrder(list []ocispec.Descriptor) []ocispec.Descriptor {
	var trusted, silent, untrusted []ocispec.Descriptor
	for _, desc := range list {
		var chain []string
		text := desc.Annotations[provider.ThumbprintAnnotation]
		switch {
		case len(text) > provider.MaxThumbprints, json.Unmarshal([]byte(text), &chain) != nil:
			silent = append(silent, desc)
		case slices.ContainsFunc(chain, rec.policy.Trusts):
			trusted = append(trusted, desc)
		default:
			untrusted = append(untrusted, desc)
		}
	}
	return slices.Concat(trusted, silent, untrusted)
}

// FetchSignatureBlob implements notation's registry.Repository. It never fails: an
// error would end notation.Verify, though the next signature may be good.
func (rec *recorder) FetchSignatureBlob(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	rec.rejected, rec.token = nil, nil
	rec.release()
	envelope, desc, err := rec.repository.Envelope(ctx, manifest)
	rec.current.Signature, rec.current.Blob, rec.current.Bytes = manifest, desc, envelope
	switch {
	case errors.Is(err, provider.ErrNoEnvelope):
		rec.rejected = &rejection{reason: provider.Tampered, err: err}
	case errors.Is(err, provider.ErrNotFound):
		rec.rejected = &rejection{err: provider.Undecided(provider.CauseRegistry, err, "the registry lists a signature that it does not have")}
	case err != nil:
		rec.rejected = &rejection{err: err}
	default:
		rec.rejected = rec.precheck(ctx, desc.MediaType, envelope)
	}
	return envelope, desc, nil
}

// PushSignature implements notation's registry.Repository; nothing is pushed here.
func (rec *recorder) PushSignature(context.Context, string, []byte, ocispec.Descriptor, map[string]string) (blob, manifest ocispec.Descriptor, err error) {
	return ocispec.Descriptor{}, ocispec.Descriptor{}, errors.ErrUnsupported
}

// Verify implements notation.Verifier: it passes the envelope to notation's own, adds
// the checks that notation lacks, and records the outcome.
func (rec *recorder) Verify(ctx context.Context, desc ocispec.Descriptor, envelope []byte, opts notation.VerifierVerifyOptions) (*notation.VerificationOutcome, error) {
	defer rec.release()
	if rec.rejected != nil {
		rec.results = append(rec.results, rejectedResult(rec.current.Signature.Digest, rec.rejected))
		return &notation.VerificationOutcome{Error: rec.rejected.err}, rec.rejected.err
	}
	rec.signing, rec.timestamping = revocationStatus{}, revocationStatus{}
	outcome, err := rec.notation.Verify(ctx, desc, envelope, opts)
	if err == nil {
		if err = unknownCritical(outcome); err == nil && len(rec.conditions) > 0 {
			err = rec.unmet(outcome)
		}
		outcome.Error = err
	}
	if outcome != nil {
		rec.results = append(rec.results, rec.result(outcome, err))
	}
	return outcome, err
}

// criticalError is a critical attribute that is not supported.
type criticalError struct{ key any }

func (e criticalError) Error() string { return "unknown critical attribute" }

// unknownCritical finds a critical attribute that only a plugin would process.
// The specification (signature specification, "Extended attributes") wants such a
// signature refused; notation-go leaves that to the plugin, and we have none.
func unknownCritical(outcome *notation.VerificationOutcome) error {
	for _, attribute := range outcome.EnvelopeContent.SignerInfo.SignedAttributes.ExtendedAttributes {
		if attribute.Critical {
			return criticalError{attribute.Key}
		}
	}
	return nil
}
