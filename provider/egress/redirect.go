package egress

import (
	"errors"
	"fmt"
	"net/http"
)

// maxRedirects is what registries need to send a download to their storage, and more.
const maxRedirects = 5

var (
	errFromTLS = errors.New("redirected from TLS to plain text")
	errEndless = fmt.Errorf("more than %d redirects", maxRedirects)
)

// CheckRedirect is for http.Client. It follows no redirect out of TLS: anyone on the way could
// change what a tag stands for and which signatures there are.
func CheckRedirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errEndless
	}
	if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return errFromTLS
	}
	return nil
}
