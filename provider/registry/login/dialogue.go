package login

import (
	"fmt"
	"net/http"
)

// dialogue is what was said about one request so far. It is for one goroutine.
type dialogue struct {
	host    string            // the registry
	url     string            // of the request: what a token service or the target of a redirect says is not the registry's
	offered map[string]string // the challenges that can be met, by scheme
	others  []string          // the schemes that are not known here
}

type dialogueKey struct{}

// noteChallenges keeps the challenges of a 401 answer: of each scheme the first that can be met.
func (d *dialogue) noteChallenges(header http.Header) {
	now := map[string]string{}
	for _, c := range challengesOf(header) {
		switch {
		case !c.usable():
			d.others = append(d.others, c.scheme)
		case now[c.scheme] == "":
			now[c.scheme] = c.String()
			d.offered[c.scheme] = c.String()
		}
	}
}

// conclude returns an error or a 401 answer as it is, or says why no login was tried.
func (d *dialogue) conclude(response *http.Response, err error) (*http.Response, error) {
	if err != nil || len(d.offered) > 0 || len(d.others) == 0 {
		return response, err
	}
	discard(response)
	return nil, &Error{
		Reason: fmt.Sprintf(reasonNoScheme, canonical(d.host)),
		Err:    fmt.Errorf("the registry offers %.100q to log in; known here are Basic, and Bearer with the URL of a token service as its realm", d.others),
	}
}

// filter is the transport of one scheme's client. Of the challenges in a 401 answer it leaves that of its scheme. A request
// whose 401 answer is known is answered with that, and not sent: it is the first of the second client.
type filter struct {
	next   http.RoundTripper
	scheme string
}

// RoundTrip implements http.RoundTripper.
func (f filter) RoundTrip(request *http.Request) (*http.Response, error) {
	d, ok := request.Context().Value(dialogueKey{}).(*dialogue)
	if !ok || request.URL.String() != d.url {
		return f.next.RoundTrip(request)
	}
	if d.offered[f.scheme] != "" && request.Header.Get("Authorization") == "" {
		return d.refusal(request, f.scheme), nil
	}
	response, err := f.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		d.noteChallenges(response.Header)
		response.Header.Set("WWW-Authenticate", d.offered[f.scheme])
	}
	return response, err
}

// refusal is the 401 answer that was had before.
func (d *dialogue) refusal(request *http.Request, scheme string) *http.Response {
	if request.Body != nil {
		_ = request.Body.Close()
	}
	return &http.Response{
		Status: "401 Unauthorized", StatusCode: http.StatusUnauthorized,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Www-Authenticate": {d.offered[scheme]}},
		Body:    http.NoBody,
		Request: request,
	}
}
