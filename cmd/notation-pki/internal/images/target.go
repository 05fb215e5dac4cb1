package images

import (
	"context"

	notationregistry "github.com/notaryproject/notation-go/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Target is an image as [notation.Sign] takes it: it resolves to what it was resolved to before, and remembers what was
// pushed and why it was not, which notation.Sign keeps to itself.
type Target struct {
	notationregistry.Repository

	// Pushed is the manifest of the signature.
	Pushed ocispec.Descriptor

	// Err is why the push failed.
	Err error

	image   *Image
	pushing func()
}

// Target makes one. Pushing is called before the push.
func (i *Image) Target(pushing func()) (*Target, error) {
	to := i.repository()
	if i.options.Referrers == API || i.options.Referrers == Tag {
		if err := to.SetReferrersCapability(i.options.Referrers == API); err != nil {
			return nil, err
		}
	}
	return &Target{Repository: notationregistry.NewRepository(to), image: i, pushing: pushing}, nil
}

// Resolve implements registry.Repository. It is the image, whatever the reference.
func (t *Target) Resolve(ctx context.Context, _ string) (ocispec.Descriptor, error) {
	return t.image.Resolve(ctx)
}

// PushSignature implements registry.Repository.
func (t *Target) PushSignature(ctx context.Context, mediaType string, envelope []byte, subject ocispec.Descriptor, annotations map[string]string) (blob, manifest ocispec.Descriptor, err error) {
	t.pushing()
	blob, t.Pushed, err = t.Repository.PushSignature(ctx, mediaType, envelope, subject, annotations)
	if err != nil {
		t.Err = t.image.failed("pushing the signature of "+t.image.Pinned(), err)
	}
	return blob, t.Pushed, t.Err
}
