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

// witness stands in for both arguments of notation.Verify, the repository and the
// verifier, and notes what it sees. It serves one call; notation.Verify makes its
// calls one after the other.
type witness struct {
	policy     *trust.Policy
	image      provider.Image
	desc       ocispec.Descriptor
	limit      int
	repository Repository
	inner      notation.Verifier

	fault      error                // of resolving
	heard      bool                 // whether the repository told its list
	offered    []ocispec.Descriptor // signatures that the judge was given
	more       bool                 // signatures beyond the limit, unseen
	incomplete error                // why there may be signatures that were not listed

	links    *links
	decoding *semaphore.Weighted
	held     int64 // of decoding, in bytes, for the signature at hand

	hand         evidence.Piece // the signature at hand
	token        *tspclient.SignedToken
	aside        *setAside // why it is not put before the judge
	signing      revocationStatus
	timestamping revocationStatus
	findings     []finding
}

// setAside is a signature that the judge need not see.
type setAside struct {
	reason provider.Reason // "" for ignorance
	signer string
	err    error
}

// Resolve implements notation's registry.Repository. What the walk knows of the
// image already is not asked again.
func (w *witness) Resolve(ctx context.Context, _ string) (ocispec.Descriptor, error) {
	if w.desc.MediaType != "" {
		w.hand.Manifest = w.desc
		return w.desc, nil
	}
	desc, err := w.repository.Resolve(ctx)
	if err == nil && desc.Digest != w.image.Digest {
		err = provider.Undecided(provider.CauseRegistry, nil, "the registry answered with another digest")
	}
	w.hand.Manifest, w.fault = desc, err
	return desc, err
}

// ListSignatures implements notation's registry.Repository: the most promising
// signatures first, and no more than the limit of each list. A further list is
// asked for while none is good.
func (w *witness) ListSignatures(ctx context.Context, desc ocispec.Descriptor, fn func([]ocispec.Descriptor) error) error {
	for listing, err := range w.repository.Signatures(ctx, desc) {
		if err != nil {
			w.incomplete = err
			return err
		}
		if err := fn(w.take(listing)); err != nil {
			return err
		}
	}
	return nil
}

// take notes a list and returns what of it is to be looked at: what was not in a list
// before, within the limit.
func (w *witness) take(listing provider.Listing) []ocispec.Descriptor {
	list := w.inOrder(slices.DeleteFunc(slices.Clone(listing.Signatures), w.wasOffered))
	w.heard, w.incomplete, w.more = true, listing.Incomplete, listing.More || len(list) > w.limit
	list = list[:min(len(list), w.limit)]
	w.offered = append(w.offered, list...)
	return list
}

// wasOffered tells whether a list before had the same signature. One that called it by
// another media type or size may have been wrong.
func (w *witness) wasOffered(desc ocispec.Descriptor) bool {
	return slices.ContainsFunc(w.offered, func(o ocispec.Descriptor) bool {
		return o.Digest == desc.Digest && o.MediaType == desc.MediaType && o.Size == desc.Size
	})
}

// inOrder sorts signatures by what they promise, and leaves the order else.
func (w *witness) inOrder(list []ocispec.Descriptor) []ocispec.Descriptor {
	var byPromise [3][]ocispec.Descriptor
	for _, desc := range list {
		promise := w.promise(desc)
		byPromise[promise] = append(byPromise[promise], desc)
	}
	return slices.Concat(byPromise[:]...)
}

// promise ranks a signature by what its annotation says: 0 names a certificate
// that we trust, 1 says nothing, 2 names strangers only.
func (w *witness) promise(desc ocispec.Descriptor) int {
	var chain []string
	text := desc.Annotations[provider.ThumbprintAnnotation]
	if len(text) > provider.MaxThumbprints || json.Unmarshal([]byte(text), &chain) != nil {
		return 1
	}
	if slices.ContainsFunc(chain, w.policy.Trusts) {
		return 0
	}
	return 2
}

// FetchSignatureBlob implements notation's registry.Repository. It never fails: an
// error would end notation.Verify, though the next signature may be good.
func (w *witness) FetchSignatureBlob(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	w.aside = nil
	w.release()
	envelope, desc, err := w.repository.Envelope(ctx, manifest)
	w.hand.Signature, w.hand.Blob, w.hand.Bytes = manifest, desc, envelope
	switch {
	case errors.Is(err, provider.ErrNoEnvelope):
		w.aside = &setAside{reason: provider.Tampered, err: err}
	case errors.Is(err, provider.ErrNotFound):
		w.aside = &setAside{err: provider.Undecided(provider.CauseRegistry, err, "the registry lists a signature that it does not have")}
	case err != nil:
		w.aside = &setAside{err: err}
	default:
		w.aside = w.stranger(ctx, desc.MediaType, envelope)
	}
	return envelope, desc, nil
}

// PushSignature implements notation's registry.Repository; nobody pushes here.
func (w *witness) PushSignature(context.Context, string, []byte, ocispec.Descriptor, map[string]string) (blob, manifest ocispec.Descriptor, err error) {
	return ocispec.Descriptor{}, ocispec.Descriptor{}, errors.ErrUnsupported
}

// Verify implements notation.Verifier: it passes the envelope to the real one, adds
// what that one does not check, and notes the outcome.
func (w *witness) Verify(ctx context.Context, desc ocispec.Descriptor, envelope []byte, opts notation.VerifierVerifyOptions) (*notation.VerificationOutcome, error) {
	if w.aside != nil {
		w.findings = append(w.findings, findAside(w.hand.Signature.Digest, w.aside))
		return &notation.VerificationOutcome{Error: w.aside.err}, w.aside.err
	}
	defer w.release()
	w.signing, w.timestamping = revocationStatus{}, revocationStatus{}
	outcome, err := w.inner.Verify(ctx, desc, envelope, opts)
	if err == nil {
		err = unknownCritical(outcome)
		outcome.Error = err
	}
	if outcome != nil {
		w.findings = append(w.findings, w.find(outcome, err))
	}
	return outcome, err
}

// criticalError is a critical attribute that nobody here understands.
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
