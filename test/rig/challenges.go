package rig

import (
	"net/http"
	"strings"
)

// offering puts challenges before those of the registry behind, as a proxy does that knows more ways to log in. {url} in
// them stands for the registry's URL. The token service has none to add to.
func offering(next http.Handler, url string, challenges []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(challenges) > 0 && strings.HasPrefix(r.URL.Path, "/v2/") {
			w = &offer{ResponseWriter: w, url: url, challenges: challenges}
		}
		next.ServeHTTP(w, r)
	})
}

// offer is an answer that has more challenges if it is a 401.
type offer struct {
	http.ResponseWriter
	url        string
	challenges []string
}

// WriteHeader implements http.ResponseWriter.
func (o *offer) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		own := o.Header().Values("WWW-Authenticate")
		o.Header().Del("WWW-Authenticate")
		for _, challenge := range append(o.challenges, own...) {
			o.Header().Add("WWW-Authenticate", strings.ReplaceAll(challenge, "{url}", o.url))
		}
	}
	o.ResponseWriter.WriteHeader(status)
}
