package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

const (
	// artifactType is that of notation signatures (signature specification, "Storage").
	artifactType = "application/vnd.cncf.notary.signature"
	// artifactManifest is a media type that early versions of notation wrote.
	artifactManifest = "application/vnd.oci.artifact.manifest.v1+json"
	// forgetNoAPI is when a repository without the referrers API is asked for it again.
	forgetNoAPI = 10 * time.Minute
)

// source is one host's copy of a repository.
type source struct {
	settings   config.Registry
	path       string
	client     remote.Client
	registries *Registries
}

func (r *Registries) source(settings config.Registry, image provider.Image) *source {
	return &source{
		settings:   settings,
		path:       image.Path(),
		client:     r.files.Load().site(r, settings.Host),
		registries: r,
	}
}

// repository is made anew for each use: oras keeps what it learns of a registry's
// abilities in it and cannot be told that they changed.
func (s *source) repository() *remote.Repository {
	return &remote.Repository{
		Client:               s.client,
		Reference:            registry.Reference{Registry: s.settings.Host, Repository: s.path},
		PlainHTTP:            s.settings.PlainHTTPUnsafe,
		MaxMetadataBytes:     MaxManifestBytes,
		ReferrerListMaxPages: MaxReferrerPages,
	}
}

func (s *source) resolve(ctx context.Context, reference string) (ocispec.Descriptor, error) {
	return s.repository().Manifests().Resolve(ctx, reference)
}

// signatures lists them the way the host is configured to be asked.
func (s *source) signatures(ctx context.Context, desc ocispec.Descriptor) ([]ocispec.Descriptor, bool, error) {
	switch s.settings.Referrers {
	case config.ReferrersAPI:
		return s.list(ctx, desc, true)
	case config.ReferrersTag:
		return s.list(ctx, desc, false)
	case config.ReferrersAuto, config.ReferrersBoth:
	}
	byAPI, more, err := s.listByAPI(ctx, desc)
	if err != nil {
		return nil, false, err
	}
	if s.settings.Referrers != config.ReferrersBoth && (len(byAPI) > 0 || more) {
		return byAPI, more, nil
	}
	byTag, moreTag, err := s.list(ctx, desc, false)
	if err != nil {
		return nil, false, err
	}
	return union(byAPI, byTag), more || moreTag, nil
}

// listByAPI lists nothing where there is no API, and remembers that for a while.
func (s *source) listByAPI(ctx context.Context, desc ocispec.Descriptor) ([]ocispec.Descriptor, bool, error) {
	key := s.settings.Host + "/" + s.path
	if until, ok := s.registries.capability.Get(key); ok && time.Now().Before(until) {
		return nil, false, nil
	}
	list, more, err := s.list(ctx, desc, true)
	if lacksAPI(err) {
		s.registries.capability.Add(key, time.Now().Add(forgetNoAPI))
		return nil, false, nil
	}
	return list, more, err
}

// lacksAPI tells a host without the referrers API from one in trouble. Some say
// that they do not know the name, of a repository whose image they do know.
func lacksAPI(err error) bool {
	if errors.Is(err, errdef.ErrUnsupported) {
		return true
	}
	response, ok := errors.AsType[*errcode.ErrorResponse](err)
	return ok && response.StatusCode == 404
}

var errEnough = errors.New("enough")

// list lists by the API or by the tag, up to the bounds.
func (s *source) list(ctx context.Context, desc ocispec.Descriptor, api bool) (list []ocispec.Descriptor, more bool, err error) {
	repository := s.repository()
	if err := repository.SetReferrersCapability(api); err != nil {
		return nil, false, err
	}
	err = repository.Referrers(ctx, desc, artifactType, func(page []ocispec.Descriptor) error {
		list = append(list, page...)
		if len(list) > MaxReferrers {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) || errors.Is(err, errdef.ErrTooManyPages) {
		return list[:min(len(list), MaxReferrers)], true, nil
	}
	return list, false, err
}

func union(a, b []ocispec.Descriptor) []ocispec.Descriptor {
	for _, d := range b {
		if !slices.ContainsFunc(a, func(have ocispec.Descriptor) bool { return have.Digest == d.Digest }) {
			a = append(a, d)
		}
	}
	return a
}

// envelope fetches a signature's manifest and the one blob it names.
func (s *source) envelope(ctx context.Context, desc ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	if desc.MediaType != ocispec.MediaTypeImageManifest && desc.MediaType != artifactManifest {
		return nil, ocispec.Descriptor{}, fmt.Errorf("%w: its media type is not that of a manifest", provider.ErrNoEnvelope)
	}
	if desc.Size < 0 || desc.Size > MaxManifestBytes {
		return nil, ocispec.Descriptor{}, fmt.Errorf("%w: its manifest is over 4 MiB", provider.ErrNoEnvelope)
	}
	repository := s.repository()
	manifest, err := content.FetchAll(ctx, repository.Manifests(), desc)
	if err != nil {
		return nil, ocispec.Descriptor{}, fmt.Errorf("fetching a signature's manifest: %w", err)
	}
	blob, err := onlyBlob(manifest)
	if err != nil {
		return nil, ocispec.Descriptor{}, err
	}
	envelope, err := content.FetchAll(ctx, repository.Blobs(), blob)
	if err != nil {
		return nil, ocispec.Descriptor{}, fmt.Errorf("fetching a signature's envelope: %w", err)
	}
	return envelope, blob, nil
}

// onlyBlob returns the one blob a signature's manifest must name (signature
// specification, "Storage"), within the bound.
func onlyBlob(manifest []byte) (ocispec.Descriptor, error) {
	var parsed struct {
		MediaType string               `json:"mediaType"`
		Layers    []ocispec.Descriptor `json:"layers"`
		Blobs     []ocispec.Descriptor `json:"blobs"`
	}
	if err := json.Unmarshal(manifest, &parsed); err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its manifest is not JSON", provider.ErrNoEnvelope)
	}
	blobs := parsed.Layers
	if parsed.MediaType == artifactManifest {
		blobs = parsed.Blobs
	}
	if len(blobs) != 1 {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its manifest has %d layers, not one", provider.ErrNoEnvelope, len(blobs))
	}
	if blobs[0].Size < 0 || blobs[0].Size > MaxEnvelopeBytes {
		return ocispec.Descriptor{}, fmt.Errorf("%w: the envelope is over 1 MiB", provider.ErrNoEnvelope)
	}
	if blobs[0].Digest.Validate() != nil {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its manifest names no digest", provider.ErrNoEnvelope)
	}
	return blobs[0], nil
}
