package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// Client asks one registry and logs in where it wants that. Of the ways that the registry offers it takes Bearer before
// Basic, and the other one where the first is refused; the one that was taken comes first from then on. It is a
// [remote.Client], for concurrent use.
//
// oras-go reads the first challenge of the first header alone. So there is a client of oras-go for each scheme, which is
// shown the challenge of its scheme and no other.
type Client struct {
	bearer, basic *auth.Client
	basicFirst    atomic.Bool
}

// NewClient makes a client with all that o says, but for token caches of its own. O must have a Client with a Transport,
// and a Credential.
func NewClient(o auth.Client) *Client {
	of := func(scheme string, credential auth.CredentialFunc) *auth.Client {
		one, under := o, *o.Client
		under.Transport = filter{next: under.Transport, scheme: scheme}
		one.Client, one.Cache, one.Credential = &under, auth.NewCache(), credential
		return &one
	}
	return &Client{bearer: of(bearer, o.Credential), basic: of(basic, withPassword(o.Credential))}
}

// withPassword fails where there is a credential that Basic cannot send.
func withPassword(credential auth.CredentialFunc) auth.CredentialFunc {
	return func(ctx context.Context, host string) (auth.Credential, error) {
		found, err := credential(ctx, host)
		if err == nil && found != auth.EmptyCredential && (found.Username == "" || found.Password == "") {
			err = &Error{Reason: fmt.Sprintf(reasonNotBasic, canonical(host)), Err: errors.New("the registry asks for Basic authentication, and the credential has no username and password")}
		}
		return found, err
	}
}

// Do sends a request, and sends it again with what a 401 answer asks for.
func (c *Client) Do(request *http.Request) (*http.Response, error) {
	if request.Header.Get("Authorization") != "" {
		return c.bearer.Do(request) // which sends it as it is: a push goes on with what it began with
	}
	d := &dialogue{host: request.URL.Host, url: request.URL.String(), offered: map[string]string{}}
	request = request.WithContext(context.WithValue(request.Context(), dialogueKey{}, d))
	first := c.bearer
	if c.basicFirst.Load() {
		first = c.basic
	}
	response, err := first.Do(request)
	if err == nil && response.StatusCode != http.StatusUnauthorized {
		return response, nil
	}
	return c.logInOtherwise(request, d, first, response, err)
}

// logInOtherwise tries the other way to log in after an outcome of the first, where that is worth a try. Where both are
// refused, it returns what the second came to; but an error of the first, of a token service for one, is the one that it
// returns.
func (c *Client) logInOtherwise(request *http.Request, d *dialogue, first *auth.Client, response *http.Response, err error) (*http.Response, error) {
	second, other := c.basic, basic
	if first == c.basic {
		second, other = c.bearer, bearer
	}
	_, noCredential := errors.AsType[*Error](err)
	hopeless := err != nil && (noCredential || request.Context().Err() != nil)
	if hopeless || d.offered[other] == "" || !rewind(request) {
		return d.conclude(response, err)
	}
	discard(response)
	answer, failure := second.Do(request)
	switch {
	case failure == nil && answer.StatusCode != http.StatusUnauthorized:
		c.basicFirst.Store(other == basic)
	case err != nil:
		discard(answer)
		return nil, err
	}
	return answer, failure
}

// rewind makes a request ready to be sent once more, if that can be done.
func rewind(request *http.Request) bool {
	if request.Body == nil || request.Body == http.NoBody {
		return true
	}
	if request.GetBody == nil {
		return false
	}
	body, err := request.GetBody()
	request.Body = body
	return err == nil
}

func discard(response *http.Response) {
	if response != nil {
		_ = response.Body.Close()
	}
}
