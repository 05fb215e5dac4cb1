package rig

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// tokenPath is where a registry with [Token] has its token service.
const tokenPath = "/token"

// tokenLifetime is how long a token is good for.
const tokenLifetime = 5 * time.Minute

// tokenService gives out tokens as a registry's token authentication specification has it. An account gets what it
// asks for and may have. A client without an account gets a token that opens nothing.
type tokenService struct {
	name     string // the issuer and the audience, both
	accounts map[string]string
	mayDo    func(account, repository, action string) bool
	identity *ca.Identity
	signer   jose.Signer
}

func newTokenService(name string, accounts map[string]string, mayDo func(account, repository, action string) bool) (*tokenService, error) {
	id, err := ca.SelfSigned(ca.Options{Subject: subject("rig", "token service")})
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: id.Key},
		(&jose.SignerOptions{}).WithHeader("kid", token.GetJWKThumbprint(id.Key.Public())),
	)
	if err != nil {
		return nil, fmt.Errorf("signing tokens: %w", err)
	}
	return &tokenService{name: name, accounts: accounts, mayDo: mayDo, identity: id, signer: signer}, nil
}

// mayDo lets the pusher do anything and the account pull what is readable: all, where nothing is listed.
func (r *Registry) mayDo(readable []string) func(account, repository, action string) bool {
	return func(account, repository, action string) bool {
		switch account {
		case r.pusher.Username:
			return true
		case r.Username:
			return action == "pull" && (readable == nil || slices.Contains(readable, repository))
		}
		return false
	}
}

func (s *tokenService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	account, password, given := r.BasicAuth()
	switch {
	case r.Method != http.MethodGet:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	case given && subtle.ConstantTimeCompare([]byte(password), []byte(s.accounts[account])) != 1,
		given && password == "",
		r.URL.Query().Get("service") != s.name:
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"wrong credentials or service"}]}`, http.StatusUnauthorized)
		return
	}
	signed, err := s.sign(account, r.URL.Query()["scope"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": signed, "expires_in": int(tokenLifetime.Seconds())})
}

// sign makes the token that lets the account do what it asks for and may.
func (s *tokenService) sign(account string, scopes []string) (string, error) {
	now := time.Now()
	claims := token.ClaimSet{
		Issuer:     s.name,
		Subject:    account,
		Audience:   token.AudienceList{s.name},
		Expiration: now.Add(tokenLifetime).Unix(),
		NotBefore:  now.Add(-time.Minute).Unix(),
		IssuedAt:   now.Unix(),
	}
	for _, scope := range strings.Fields(strings.Join(scopes, " ")) {
		if granted := s.grant(account, scope); granted != nil {
			claims.Access = append(claims.Access, granted)
		}
	}
	return jwt.Signed(s.signer).Claims(claims).Serialize()
}

// grant reads a scope, "repository:<name>:<action>,…", and keeps the actions that the account may do.
func (s *tokenService) grant(account, scope string) *token.ResourceActions {
	kind, rest, _ := strings.Cut(scope, ":")
	colon := strings.LastIndex(rest, ":")
	if colon < 0 {
		return nil
	}
	granted := &token.ResourceActions{Type: kind, Name: rest[:colon]}
	for action := range strings.SplitSeq(rest[colon+1:], ",") {
		if s.mayDo(account, granted.Name, action) {
			granted.Actions = append(granted.Actions, action)
		}
	}
	return granted
}
