package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// listByAPI lists by the referrers API.
func (r *Remote) listByAPI(ctx context.Context, desc ocispec.Descriptor, found *collection) error {
	client := &pages{Client: r.Client}
	repository := r.repository(client)
	if err := repository.SetReferrersCapability(true); err != nil {
		return err
	}
	err := repository.Referrers(ctx, desc, artifactType, found.add)
	switch {
	case err == nil, errors.Is(err, errEnough):
		return nil
	case errors.Is(err, errdef.ErrTooManyPages) && len(found.signatures)+len(found.untyped) == 0:
		return provider.Undecided(provider.CauseRegistry, err, "the registry's list of signatures goes on after %d pages without one; see whether its pages lead to each other, and remove what else is attached to the image", MaxReferrerPages)
	case errors.Is(err, errdef.ErrTooManyPages):
		found.more = true
		return nil
	case client.read > 0 && LacksReferrersAPI(err): // it has the API: there was a page
		return provider.Undecided(provider.CauseRegistry, err, "the registry did not give the whole list of signatures")
	}
	return err
}

// pages is a client for one list of the referrers API. It reads an index under any Content-Type that does not
// contradict it, and counts the pages.
type pages struct {
	remote.Client
	read int
}

// Do implements remote.Client. An index is read and closed here, so that a large one is not held while what it lists is
// looked at, and oras is given its entries alone.
func (p *pages) Do(request *http.Request) (*http.Response, error) {
	response, err := p.Client.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	kind := contentType(response.Header)
	if kind != ocispec.MediaTypeImageIndex && !isGeneric(kind) {
		return nil, fmt.Errorf("%w: its media type is %q", errNonsense, kind)
	}
	body, err := readBody(response)
	if err != nil {
		return nil, err
	}
	if isGeneric(kind) {
		if kind, err = kindOf(response.Header, body); err != nil {
			return nil, err
		}
		if kind != ocispec.MediaTypeImageIndex {
			return nil, fmt.Errorf("%w: its media type is %q", errNonsense, kind)
		}
	}
	list, err := parseIndex(body)
	if err != nil {
		return nil, err
	}
	if body, err = json.Marshal(ocispec.Index{Manifests: list}); err != nil {
		return nil, err
	}
	p.read++
	response.Header.Set("Content-Type", kind)
	// The collection drops other artifacts itself. oras would also drop entries without an artifact type.
	response.Header.Set("OCI-Filters-Applied", "artifactType")
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// statusOf is the status that the referrers API answered with, or 0. Another's (a token service's) is none of it, nor is
// that of a later page. Some registries say that they do not know the name, of a repository whose image they do know.
func statusOf(err error) int {
	if _, undecided := errors.AsType[*provider.UndecidedError](err); undecided {
		return 0
	}
	if errors.Is(err, errdef.ErrUnsupported) { // which is what oras makes of other 404s
		return http.StatusNotFound
	}
	response, ok := errors.AsType[*errcode.ErrorResponse](err)
	if !ok || !strings.Contains(response.URL.Path, "/referrers/") {
		return 0
	}
	return response.StatusCode
}

// LacksReferrersAPI tells, by the error of listing, a registry without the referrers API from one in trouble. All
// other statuses refuse access, or fail for now, or may come from a proxy before the registry: they may hide signatures.
func LacksReferrersAPI(err error) bool {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusGone,
		http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return true
	}
	return false
}

// saysNoAPI tells the statuses that are about the API, not about one request.
func saysNoAPI(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		return true
	}
	return false
}
