package registry_test

import (
	"net/http"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// A request is one for content only if each part of it says so, before any redirect. All others may reach what token services
// may, and no more.
func TestWhatIsAskedForContent(t *testing.T) {
	const host, own = "127.0.0.1:1", "https://127.0.0.1:1"
	client := open(t, registry.Options{Guard: egress.NewGuard()}) // which lets no request go out
	for _, tc := range []struct{ method, first, url, asked string }{
		{"GET", "", own + "/v2/app/manifests/1.0", "the registry:"},
		{"HEAD", "", own + "/v2/team/app/manifests/1.0", "the registry:"},
		{"GET", "", own + "/v2/app/blobs/sha256:0", "the registry:"},
		{"GET", "", own + "/v2/app/referrers/sha256:0", "the registry:"},
		{"GET", "", own + "/v2/app/manifests/1.0?scope=", "the token service"},
		{"POST", "", own + "/v2/app/manifests/1.0", "the token service"},
		{"GET", "", own + "/token", "the token service"},
		{"GET", "", own + "/v2/app/tags/list", "the token service"},
		{"GET", "", "https://127.0.0.1:2/v2/app/manifests/1.0", "the token service"},
		{"GET", own + "/v2/app/blobs/sha256:0", "https://127.0.0.1:2/any", "the storage"},
		{"GET", own + "/v2/app/blobs/sha256:0", own + "/v2/app/blobs/sha256:1", "the registry:"},
		{"GET", own + "/v2/app/blobs/sha256:0?scope=x", "https://127.0.0.1:2/any", "the token service"},
		{"GET", own + "/token", own + "/v2/app/blobs/sha256:0", "the token service"},
		{"GET", "https://127.0.0.1:2/v2/app/blobs/sha256:0", own + "/v2/app/blobs/sha256:0", "the token service"},
	} {
		request := newRequest(t, tc.method, tc.url)
		if tc.first != "" {
			request.Response = &http.Response{Request: newRequest(t, tc.method, tc.first)}
		}
		_, err := client.RoundTrip(host, request)
		if err == nil || !strings.HasPrefix(err.Error(), "asking "+tc.asked) {
			t.Errorf("%s %s, first %q: %v; want one that asks %s", tc.method, tc.url, tc.first, err, tc.asked)
		}
	}
}

func newRequest(t *testing.T, method, url string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return request
}
