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

	fault  error // of resolving or listing
	heard  bool  // whether the repository told its list
	listed int   // signatures there are, as far as listed
	more   bool  // signatures beyond the limit, unseen

	links    *links
	decoding *semaphore.Weighted

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
		err = provider.Undecided(provider.StageRegistry, nil, "the registry answered with another digest")
	}
	w.hand.Manifest, w.fault = desc, err
	return desc, err
}

// ListSignatures implements notation's registry.Repository: the most promising
// signatures first, and no more than the limit.
func (w *witness) ListSignatures(ctx context.Context, desc ocispec.Descriptor, fn func([]ocispec.Descriptor) error) error {
	list, more, err := w.repository.Signatures(ctx, desc)
	if err != nil {
		w.fault = err
		return err
	}
	w.heard, w.listed, w.more = true, len(list), more || len(list) > w.limit
	list = w.inOrder(list)
	return fn(list[:min(len(list), w.limit)])
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

// thumbprints is the annotation that names the certificates of a signature's chain
// (signature specification, "Storage"). It is a hint: anyone can write it.
const thumbprints = "io.cncf.notary.x509chain.thumbprint#S256"

// maxThumbprints bounds the annotation; a chain of three has about 200 bytes.
const maxThumbprints = 4 << 10

// promise ranks a signature by what its annotation says: 0 names a certificate
// that we trust, 1 says nothing, 2 names strangers only.
func (w *witness) promise(desc ocispec.Descriptor) int {
	var chain []string
	text := desc.Annotations[thumbprints]
	if len(text) > maxThumbprints || json.Unmarshal([]byte(text), &chain) != nil {
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
	envelope, desc, err := w.repository.Envelope(ctx, manifest)
	w.hand.Signature, w.hand.Blob, w.hand.Bytes = manifest, desc, envelope
	switch {
	case errors.Is(err, provider.ErrNoEnvelope):
		w.aside = &setAside{reason: provider.Tampered, err: err}
	case errors.Is(err, provider.ErrNotFound):
		w.aside = &setAside{err: provider.Undecided(provider.StageRegistry, err, "the registry lists a signature that it does not have")}
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
