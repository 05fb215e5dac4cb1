package registry

import (
	"context"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// forgetNoAPI is when a repository without the referrers API is asked for it again.
const forgetNoAPI = 10 * time.Minute

// lister is one way to list signatures: it adds what it finds to a collection.
type lister func(context.Context, ocispec.Descriptor, *collection) error

// Signatures lists the signatures of an image the way the registry is configured to be asked. Where one way is no help
// (but for a registry without the API, which says so), the other may still find a good signature; the list is incomplete
// then, and without any signature it is an error.
func (r *Remote) Signatures(ctx context.Context, desc ocispec.Descriptor) (provider.Listing, error) {
	ways := r.listers()
	found := newCollection()
	for _, list := range ways {
		err := list(ctx, desc, found)
		if len(ways) > 1 && LacksReferrersAPI(err) {
			r.noteNoAPI(err)
			continue
		}
		found.doubt(err)
		r.identify(ctx, found)
		if r.Referrers != config.ReferrersBoth && found.settled() {
			break
		}
	}
	return found.listing()
}

// listers are those that the settings name, in order; "auto" ends with the first that lists any signature. That the API was
// withoutAPI is remembered to ask for it last and for nothing more: an image is never unsigned by a memory of yesterday's
// registry.
func (r *Remote) listers() []lister {
	switch r.Referrers {
	case config.ReferrersAPI:
		return []lister{r.listByAPI}
	case config.ReferrersTag:
		return []lister{r.listByTag}
	case config.ReferrersAuto, config.ReferrersBoth:
	}
	if r.lacksAPI() {
		return []lister{r.listByTag, r.listByAPI}
	}
	return []lister{r.listByAPI, r.listByTag}
}

// lacksAPI tells whether the API was missing a while ago.
func (r *Remote) lacksAPI() bool {
	if r.withoutAPI == nil {
		return false
	}
	until, ok := r.withoutAPI.Get(r.Host + "/" + r.Path)
	return ok && time.Now().Before(until)
}

// noteNoAPI remembers that there is no API, where the registry said that of the API and not of one request.
func (r *Remote) noteNoAPI(err error) {
	if r.withoutAPI != nil && saysNoAPI(err) {
		r.withoutAPI.Add(r.Host+"/"+r.Path, time.Now().Add(forgetNoAPI))
	}
}
