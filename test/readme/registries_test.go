package readme

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// The row about registries without the referrers API names each status by which one says so, and no other.
func TestReadmeNamesEachStatusWithoutTheAPI(t *testing.T) {
	row := regexp.MustCompile(`\| says that it has no referrers API \(([0-9, ]+)\) \|`).FindStringSubmatch(readme(t))
	if row == nil {
		t.Fatal("provider/README.md has no row for registries without the referrers API")
	}
	var statuses []string
	for status := 100; status < 600; status++ {
		err := &errcode.ErrorResponse{Method: http.MethodGet, URL: &url.URL{Path: "/v2/a/referrers/sha256:0"}, StatusCode: status}
		if registry.LacksReferrersAPI(err) {
			statuses = append(statuses, fmt.Sprint(status))
		}
	}
	if want := strings.Join(statuses, ", "); row[1] != want {
		t.Errorf("provider/README.md says that a registry without the referrers API answers %s; LacksReferrersAPI takes %s", row[1], want)
	}
}
