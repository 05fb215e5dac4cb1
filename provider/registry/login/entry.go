package login

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// authEntry is an entry under auths, as docker and Kubernetes write it.
type authEntry struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// Why an entry cannot be read. The library's own errors repeat the credential.
var (
	errNoEntry = errors.New("it is not an object with an auth, as docker login writes it")
	errBase64  = errors.New("its auth is not base64 of username:password; docker login writes a new one")
	errHalf    = errors.New("it has only one of username and password")
)

// decode reads an entry. One without a credential is no error: the credential is then with a helper, or nowhere.
func decode(raw json.RawMessage) (auth.Credential, error) {
	var e authEntry
	if json.Unmarshal(raw, &e) != nil {
		return auth.EmptyCredential, errNoEntry
	}
	if e.Auth != "" {
		decoded, err := base64.StdEncoding.DecodeString(e.Auth)
		name, password, ok := strings.Cut(string(decoded), ":")
		if err != nil || !ok {
			return auth.EmptyCredential, errBase64
		}
		e.Username, e.Password = name, password
	}
	if (e.Username == "") != (e.Password == "") && e.IdentityToken == "" && e.RegistryToken == "" {
		return auth.EmptyCredential, errHalf
	}
	return auth.Credential{Username: e.Username, Password: e.Password, RefreshToken: e.IdentityToken, AccessToken: e.RegistryToken}, nil
}

// hasSpace tells a credential that begins or ends with white space, as "echo password | base64" makes it.
func hasSpace(c auth.Credential) bool {
	for _, part := range []string{c.Username, c.Password, c.RefreshToken, c.AccessToken} {
		if strings.TrimFunc(part, unicode.IsSpace) != part {
			return true
		}
	}
	return false
}
