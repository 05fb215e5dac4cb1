package registry

import (
	"cmp"
	"context"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// forgetNoAPI is when a repository without the referrers API is asked for it again.
const forgetNoAPI = 10 * time.Minute

// lister is one way to list signatures: it adds those that it finds to a collection.
type lister func(context.Context, ocispec.Descriptor, *collection) error

// Signatures lists the signatures of an image by the ways that the registry's settings name. Where one way fails (and not
// because there is no referrers API) another may still find a good signature. The list is incomplete then, and without any
// signature it is an error.
func (r *Remote) Signatures(ctx context.Context, desc ocispec.Descriptor) (provider.Listing, error) {
	ways := r.listers()
	found := &collection{seen: map[entry]bool{}}
	for _, list := range ways {
		err := list(ctx, desc, found)
		if err != nil && len(ways) > 1 && LacksReferrersAPI(err) {
			r.noteNoAPI(err)
			continue
		}
		found.doubts = cmp.Or(found.doubts, err)
		if len(found.untyped) > 0 {
			r.identify(ctx, found)
		}
		if r.Referrers != config.ReferrersBoth && len(found.signatures) > 0 && found.doubts == nil {
			break
		}
	}
	if len(found.signatures) == 0 && found.doubts != nil {
		return provider.Listing{}, found.doubts
	}
	return provider.Listing{Signatures: found.signatures, More: found.more, Incomplete: found.doubts}, nil
}

// listers are those that the settings name, in order; "auto" ends with the first that lists any signature. A repository that
// had no API is asked for it last, and not left out: no image is unsigned because of a former state of its registry.
func (r *Remote) listers() []lister {
	switch r.Referrers {
	case config.ReferrersAPI:
		return []lister{r.listByAPI}
	case config.ReferrersTag:
		return []lister{r.listByTag}
	case config.ReferrersAuto, config.ReferrersBoth:
	}
	if r.withoutAPI != nil {
		if until, ok := r.withoutAPI.Get(r.Host + "/" + r.Path); ok && time.Now().Before(until) {
			return []lister{r.listByTag, r.listByAPI}
		}
	}
	return []lister{r.listByAPI, r.listByTag}
}

// noteNoAPI notes that there is no API, if the registry said that of the API and not of one request.
func (r *Remote) noteNoAPI(err error) {
	if r.withoutAPI != nil && saysNoAPI(err) {
		r.withoutAPI.Add(r.Host+"/"+r.Path, time.Now().Add(forgetNoAPI))
	}
}
