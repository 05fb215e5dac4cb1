package images

import (
	"context"

	notationregistry "github.com/notaryproject/notation-go/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// Target is an image as [notation.Sign] takes it: it resolves to what it was resolved to before. It remembers what was
// pushed, or why nothing was, which notation.Sign keeps to itself.
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
	return &Target{Repository: notationregistry.NewRepository(pushed{to}), image: i, pushing: pushing}, nil
}

// repository is the image's as oras pushes to it: for one push, since oras keeps in it what it learns of the registry.
func (i *Image) repository() *remote.Repository {
	return &remote.Repository{
		// The list in the tag schema is read before it is written: what oras cannot read it would write over.
		Client:           registry.Normalize(i.client),
		Reference:        orasregistry.Reference{Registry: i.Name.Host, Repository: i.Name.Path()},
		PlainHTTP:        i.options.PlainHTTPUnsafe,
		MaxMetadataBytes: maxBody,
		// Deleting the index that a new one replaces takes a right that pushing does not.
		SkipReferrersGC: true,
	}
}

// pushed is a repository that takes a push also where it cannot tell which blobs it has.
type pushed struct{ *remote.Repository }

// Exists implements content.ReadOnlyStorage. It asks by HEAD, which some registries refuse. A blob that is there may be
// pushed once more.
func (p pushed) Exists(ctx context.Context, target ocispec.Descriptor) (bool, error) {
	there, err := p.Repository.Exists(ctx, target)
	if err != nil && ctx.Err() == nil {
		return false, nil
	}
	return there, err
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
