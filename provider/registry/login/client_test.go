package login_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// registry wants a login, and writes down how each request came: "-" for none, "basic", "bearer", or "token" and the
// same for one to its token service.
type registry struct {
	*httptest.Server

	offers []string // its challenges; URL stands for its own
	takes  string   // the scheme that it lets in; "" for none
	tokens int      // what the token service answers with

	mu  sync.Mutex
	log []string
}

func newRegistry(t *testing.T, takes string, offers ...string) *registry {
	t.Helper()
	r := &registry{offers: offers, takes: takes, tokens: http.StatusOK}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	scheme := "-"
	switch name, password, ok := request.BasicAuth(); {
	case ok && name == "robot" && password == "secret":
		scheme = "basic"
	case request.Header.Get("Authorization") == "Bearer opaque":
		scheme = "bearer"
	case request.Header.Get("Authorization") != "":
		scheme = "wrong"
	}
	if request.URL.Path == "/token" {
		r.log = append(r.log, "token "+scheme)
		w.WriteHeader(r.tokens)
		_, _ = io.WriteString(w, `{"token":"opaque"}`)
		return
	}
	body, _ := io.ReadAll(request.Body)
	r.log = append(r.log, scheme+string(body))
	if scheme == r.takes {
		return
	}
	for _, offer := range r.offers {
		w.Header().Add("WWW-Authenticate", strings.ReplaceAll(offer, "URL", r.URL))
	}
	w.WriteHeader(http.StatusUnauthorized)
}

// came are the requests since the last time.
func (r *registry) came() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.log
	r.log = nil
	return strings.Join(log, ", ")
}

func (r *registry) client(credential auth.Credential) *login.Client {
	return login.NewClient(auth.Client{
		Client:               &http.Client{Transport: &http.Transport{}},
		Credential:           func(context.Context, string) (auth.Credential, error) { return credential, nil },
		BlockedRealmPrefixes: []netip.Prefix{},
	})
}

// ask sends a request and tells the status, or the error.
func (r *registry) ask(t *testing.T, c *login.Client, body io.Reader) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.URL+"/v2/", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

var robot = auth.Credential{Username: "robot", Password: "secret"}

const tokenService = `Bearer realm="URL/token",service="s"`

// Of several ways to log in the known ones are used: Bearer first, Basic where that is refused; and the one that was taken
// comes first from then on.
func TestTheWayToLogInIsChosen(t *testing.T) {
	for _, c := range []struct {
		name   string
		takes  string
		offers []string
		tokens int
		first  string // the requests of the first question
		then   string // of the next
	}{
		{"Basic alone", "basic", []string{`Basic realm="x"`}, 200, "-, basic", "basic"},
		{"Negotiate, then Basic", "basic", []string{"Negotiate", `Basic realm="x"`}, 200, "-, basic", "basic"},
		{"in one line", "basic", []string{`Negotiate, NTLM, Basic realm="x"`}, 200, "-, basic", "basic"},
		{"Basic, then Negotiate", "basic", []string{`Basic realm="x", Negotiate YII=`}, 200, "-, basic", "basic"},
		{"Bearer alone", "bearer", []string{tokenService}, 200, "-, token basic, bearer", "bearer"},
		{"Bearer after Negotiate", "bearer", []string{"Negotiate", tokenService}, 200, "-, token basic, bearer", "bearer"},
		{"Bearer before Basic", "bearer", []string{`Basic realm="x"`, tokenService}, 200, "-, token basic, bearer", "bearer"},
		{"the same in one line", "bearer", []string{`Basic realm="x", ` + tokenService}, 200, "-, token basic, bearer", "bearer"},
		{"Bearer is refused", "basic", []string{tokenService + `, Basic realm="x"`}, 200, "-, token basic, bearer, basic", "basic"},
		{"its tokens are refused", "basic", []string{tokenService, "Basic"}, 401, "-, token basic, basic", "basic"},
		{"its token service fails", "basic", []string{tokenService, "Basic"}, 503, "-, token basic, basic", "basic"},
		{"Bearer without a service", "basic", []string{`Bearer realm="Realm", Basic`}, 200, "-, basic", "basic"},
		{"both are refused", "none", []string{tokenService, "Basic"}, 200, "-, token basic, bearer, basic", "bearer, token basic, bearer, basic, basic"},
		{"Basic is refused", "none", []string{"Basic"}, 200, "-, basic", "-, basic, basic"},
		{"no challenge", "none", nil, 200, "-", "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegistry(t, c.takes, c.offers...)
			r.tokens = c.tokens
			client := r.client(robot)
			want := http.StatusOK
			if c.takes == "none" {
				want = http.StatusUnauthorized
			}
			for i, wanted := range []string{c.first, c.then} {
				status, err := r.ask(t, client, nil)
				if came := r.came(); err != nil || status != want || came != wanted {
					t.Errorf("question %d: %d, %v, by %q", i+1, status, err, came)
				}
			}
		})
	}
}

// A registry that changes its ways is followed.
func TestTheWayToLogInMayChange(t *testing.T) {
	r := newRegistry(t, "basic", tokenService, "Basic")
	client := r.client(robot)
	for _, step := range []struct{ takes, came string }{
		{"basic", "-+body, token basic, bearer+body, basic+body"},
		{"basic", "basic+body"},
		{"bearer", "basic+body, basic+body, bearer+body"}, // with the token that there is still
		{"bearer", "bearer+body"},
	} {
		r.mu.Lock()
		r.takes = step.takes
		r.mu.Unlock()
		if status, err := r.ask(t, client, strings.NewReader("+body")); status != http.StatusOK || err != nil {
			t.Errorf("%d, %v", status, err)
		}
		if came := r.came(); came != step.came {
			t.Errorf("came by %q", came)
		}
	}
}

// What goes wrong with both ways is told by its cause.
func TestWhyThereIsNoLogin(t *testing.T) {
	for _, c := range []struct {
		name       string
		offers     []string
		credential auth.Credential
		tokens     int
		want       func(error) bool
		came       string
	}{
		{"no credential, Basic", []string{"Negotiate", "Basic"}, auth.Credential{}, 200, func(err error) bool { return errors.Is(err, auth.ErrBasicCredentialNotFound) }, "-"},
		{"no credential, both", []string{tokenService, "Basic"}, auth.Credential{}, 200, func(err error) bool { return errors.Is(err, auth.ErrBasicCredentialNotFound) }, "-, token -, bearer"},
		{"a dead token service", []string{tokenService, "Basic"}, robot, 503, func(err error) bool { return strings.Contains(fmt.Sprint(err), "503") }, "-, token basic, basic"},
		{"a token for Basic", []string{"Basic"}, auth.Credential{RefreshToken: "secret"}, 200, func(err error) bool {
			refused, ok := errors.AsType[*login.Error](err)
			return ok && strings.Contains(refused.Reason, "is a token, and the registry wants a username and a password")
		}, "-"},
		{"no known way", []string{"Negotiate", `Digest realm="x"`}, robot, 200, func(err error) bool {
			refused, ok := errors.AsType[*login.Error](err)
			return ok && strings.Contains(refused.Reason, "offers no way to log in") && strings.Contains(err.Error(), `["negotiate" "digest"]`)
		}, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegistry(t, "none", c.offers...)
			r.tokens = c.tokens
			status, err := r.ask(t, r.client(c.credential), nil)
			if came := r.came(); status != 0 || !c.want(err) || came != c.came || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("%d, %v, by %q", status, err, came)
			}
		})
	}
}

// A credential that cannot be read is asked for once, and nothing is sent without it.
func TestACredentialThatCannotBeReadIsNoLogin(t *testing.T) {
	r := newRegistry(t, "basic", tokenService, "Basic")
	asked := 0
	client := login.NewClient(auth.Client{
		Client: &http.Client{Transport: &http.Transport{}},
		Credential: func(context.Context, string) (auth.Credential, error) {
			asked++
			return auth.EmptyCredential, &login.Error{Err: errors.New("locked")}
		},
	})
	if status, err := r.ask(t, client, nil); status != 0 || err == nil || asked != 1 {
		t.Errorf("%d, %v, asked %d times", status, err, asked)
	}
	if came := r.came(); came != "-" {
		t.Errorf("came by %q", came)
	}
}

// A body is sent whole with each try; one that cannot be read again is not tried once more.
func TestABodyIsSentWithEachTry(t *testing.T) {
	r := newRegistry(t, "basic", tokenService, "Basic")
	if status, err := r.ask(t, r.client(robot), strings.NewReader("+body")); status != http.StatusOK || err != nil {
		t.Errorf("%d, %v", status, err)
	}
	if came := r.came(); came != "-+body, token basic, bearer+body, basic+body" {
		t.Errorf("came by %q", came)
	}
	if status, err := r.ask(t, r.client(robot), io.MultiReader(strings.NewReader("+body"))); err == nil {
		t.Errorf("half a body was taken: %d", status)
	}
	if came := r.came(); slices.Contains(strings.Split(came, ", "), "basic") {
		t.Errorf("came by %q", came)
	}
}

// A request that brings its Authorization is sent as it is, once.
func TestAnOwnAuthorizationIsKept(t *testing.T) {
	r := newRegistry(t, "basic", "Basic")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer opaque")
	response, err := r.client(robot).Do(request)
	if err != nil || response.StatusCode != http.StatusUnauthorized || r.came() != "bearer" {
		t.Errorf("%v, %v", response, err)
	}
}

// What another host answers after a redirect is no word of the registry's.
func TestAnotherHostsChallengesAreIgnored(t *testing.T) {
	other := newRegistry(t, "none", "Basic", tokenService)
	r := httptest.NewServer(http.RedirectHandler(other.URL+"/v2/", http.StatusTemporaryRedirect))
	t.Cleanup(r.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := other.client(robot).Do(request)
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v, %v", response, err)
	}
	if came := other.came(); came != "-" {
		t.Errorf("came by %q", came)
	}
}
