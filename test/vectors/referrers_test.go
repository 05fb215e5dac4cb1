package vectors_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// Each status by which a registry says that it has no referrers API is played by a vector. 404 is the answer of every
// registry of kind tag.
func TestEveryStatusWithoutTheAPIHasAVector(t *testing.T) {
	played := map[string]bool{"status 404": true}
	for _, v := range load(t) {
		if !slices.ContainsFunc(v.Asks, func(ask vectors.Ask) bool { return ask.Expect.Reason != "" }) {
			continue
		}
		for _, f := range v.Faults {
			if f.Class == rig.ClassReferrers {
				played[f.Effect] = true
			}
		}
	}
	for status := 100; status < 600; status++ {
		err := &errcode.ErrorResponse{Method: http.MethodGet, URL: &url.URL{Path: "/v2/a/referrers/sha256:0"}, StatusCode: status}
		if effect := fmt.Sprintf("status %d", status); registry.LacksReferrersAPI(err) && !played[effect] {
			t.Errorf("no vector has the fault {class: referrers, effect: %s}, and expects a verdict; add it to registry-has-no-referrers-api.txtar", effect)
		}
	}
}
