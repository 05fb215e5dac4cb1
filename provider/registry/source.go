package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
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

// resolve asks for a manifest's descriptor. Asked by digest, oras would take any
// 200 for a yes, a login page's too; and who believes in that image believes next
// that nobody signed it.
func (s *source) resolve(ctx context.Context, reference string) (ocispec.Descriptor, error) {
	desc, err := s.repository().Manifests().Resolve(ctx, reference)
	if err == nil && !isManifest(desc.MediaType) {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its media type is %q", errNonsense, desc.MediaType)
	}
	return desc, err
}

var errNonsense = errors.New("the answer is no manifest")

// isManifest tells the media types of manifests and indexes, OCI's and Docker's,
// from those of pages for people.
func isManifest(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.oci.") || strings.HasPrefix(mediaType, "application/vnd.docker.")
}

// listing is a list of signatures; more if it is not the whole.
type listing struct {
	list []ocispec.Descriptor
	more bool
}

func (l listing) empty() bool { return len(l.list) == 0 && !l.more }

// signatures lists them the way the host is configured to be asked.
func (s *source) signatures(ctx context.Context, desc ocispec.Descriptor) (listing, error) {
	switch s.settings.Referrers {
	case config.ReferrersAPI:
		return s.listByAPI(ctx, desc)
	case config.ReferrersTag:
		return s.listByTag(ctx, desc)
	case config.ReferrersBoth:
		return s.listByBoth(ctx, desc)
	case config.ReferrersAuto:
	}
	return s.listByEither(ctx, desc)
}

// listByEither asks the API, and the tag schema where the API lists nothing or is
// missing. That it is missing is remembered, to save a request and no more: an
// image is never unsigned by what we remember of yesterday's registry.
func (s *source) listByEither(ctx context.Context, desc ocispec.Descriptor) (byTag listing, err error) {
	lacking := s.lacksAPI()
	if lacking {
		if byTag, err = s.listByTag(ctx, desc); err != nil || !byTag.empty() {
			return byTag, err
		}
	}
	byAPI, missing := s.listByAPI(ctx, desc)
	switch {
	case isMissing(missing):
		s.noteMissing()
	case missing != nil || !byAPI.empty():
		return byAPI, missing
	}
	if !lacking {
		if byTag, err = s.listByTag(ctx, desc); err != nil {
			return listing{}, err
		}
	}
	return orNonsense(byTag, missing)
}

// orNonsense holds an empty list against an API that answered with a page for
// people: that tells of no API, and is no word on what it would have listed.
func orNonsense(byTag listing, missing error) (listing, error) {
	// oras tells the two kinds of unsupported apart by its words alone.
	if byTag.empty() && missing != nil && strings.Contains(missing.Error(), "unknown content") {
		return listing{}, missing
	}
	return byTag, nil
}

// listByBoth lists what API and tag schema list together.
func (s *source) listByBoth(ctx context.Context, desc ocispec.Descriptor) (listing, error) {
	byAPI, missing := s.listByAPI(ctx, desc)
	if missing != nil && !isMissing(missing) {
		return listing{}, missing
	}
	byTag, err := s.listByTag(ctx, desc)
	if err != nil {
		return listing{}, err
	}
	return orNonsense(listing{union(byAPI.list, byTag.list), byAPI.more || byTag.more}, missing)
}

// lacksAPI tells whether the API was missing a while ago.
func (s *source) lacksAPI() bool {
	until, ok := s.registries.capability.Get(s.settings.Host + "/" + s.path)
	return ok && time.Now().Before(until)
}

func (s *source) noteMissing() {
	s.registries.capability.Add(s.settings.Host+"/"+s.path, time.Now().Add(forgetNoAPI))
}

// isMissing tells a host without the referrers API from one in trouble. Some say
// that they do not know the name, of a repository whose image they do know.
func isMissing(err error) bool {
	if errors.Is(err, errdef.ErrUnsupported) {
		return true
	}
	response, ok := errors.AsType[*errcode.ErrorResponse](err)
	return ok && response.StatusCode == http.StatusNotFound && strings.Contains(response.URL.Path, "/referrers/")
}

var errEnough = errors.New("enough")

// listByAPI lists by the referrers API, up to the bounds.
func (s *source) listByAPI(ctx context.Context, desc ocispec.Descriptor) (found listing, err error) {
	repository := s.repository()
	if err := repository.SetReferrersCapability(true); err != nil {
		return listing{}, err
	}
	err = repository.Referrers(ctx, desc, artifactType, func(page []ocispec.Descriptor) error {
		found.list = append(found.list, page...)
		if len(found.list) > MaxReferrers {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) || errors.Is(err, errdef.ErrTooManyPages) {
		return found.bounded(true), nil
	}
	return found, err
}

// listByTag lists by the referrers tag schema: what is in the index under a tag
// made of the digest, if there is one. Some resolve the tag to the image itself,
// which lists no signature. oras would take a login page for an empty list too.
func (s *source) listByTag(ctx context.Context, desc ocispec.Descriptor) (listing, error) {
	found, body, err := s.repository().Manifests().FetchReference(ctx, referrersTag(desc.Digest))
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return listing{}, nil
	case err != nil:
		return listing{}, err
	}
	defer body.Close()
	if !isManifest(found.MediaType) {
		return listing{}, fmt.Errorf("%w: its media type is %q", errNonsense, found.MediaType)
	}
	return readIndex(body, found)
}

// referrersTag is the tag that the schema makes of a digest, whose hex part it cuts
// at 64 (distribution specification, "Referrers Tag Schema").
func referrersTag(d digest.Digest) string {
	encoded := d.Encoded()
	return d.Algorithm().String() + "-" + encoded[:min(len(encoded), 64)]
}

// readIndex lists the signatures in an index of the tag schema.
func readIndex(body io.Reader, desc ocispec.Descriptor) (listing, error) {
	text, err := content.ReadAll(body, desc)
	if err != nil {
		return listing{}, fmt.Errorf("reading the referrers index: %w", err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(text, &index); err != nil {
		return listing{}, fmt.Errorf("reading the referrers index: %w", err)
	}
	found := listing{list: slices.DeleteFunc(index.Manifests, func(d ocispec.Descriptor) bool { return d.ArtifactType != artifactType })}
	return found.bounded(false), nil
}

// bounded cuts a list that is too long.
func (l listing) bounded(more bool) listing {
	return listing{l.list[:min(len(l.list), MaxReferrers)], more || len(l.list) > MaxReferrers}
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
	if desc.Digest.Validate() != nil { // it becomes part of a URL
		return nil, ocispec.Descriptor{}, fmt.Errorf("%w: it is listed without a digest", provider.ErrNoEnvelope)
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
