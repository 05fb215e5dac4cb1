package login_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// account is an entry with a username and a password.
func account(text string) string {
	return `{"auth":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
}

func parse(t *testing.T, text string) *login.Config {
	t.Helper()
	config, err := login.Parse("config.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// passwordOf is the password that a config has for a host, or "undecided" and the key at fault.
func passwordOf(t *testing.T, host string, configs ...*login.Config) string {
	t.Helper()
	found, err := login.Configs(configs).Credential(t.Context(), host)
	if err == nil {
		return found.Password
	}
	refused, ok := errors.AsType[*login.Error](err)
	switch {
	case !ok || found != auth.EmptyCredential:
		t.Errorf("%s: %v with error %v", host, found, err)
	case strings.Contains(refused.Reason, "config.json"), strings.Contains(refused.Reason, `"`), strings.Contains(refused.Reason, "%"):
		t.Errorf("%s: not for all to read: %s", host, refused.Reason)
	case strings.Contains(err.Error(), "secret"):
		t.Errorf("%s: the credential is in the error: %v", host, err)
	}
	return "undecided: " + err.Error()
}

// A key means a host, however it is spelled, and no other.
func TestAKeyMeansItsHost(t *testing.T) {
	for _, c := range []struct {
		key, host string
		found     bool
	}{
		{"harbor.test", "harbor.test", true},
		{"harbor.test", "harbor.test:443", true},
		{"harbor.test", "HARBOR.test", true},
		{"harbor.test:443", "harbor.test", true},
		{"Harbor.Test", "harbor.test", true},
		{"HTTPS://Harbor.Test:443/", "harbor.test", true},
		{"https://harbor.test", "harbor.test", true},
		{"https://harbor.test///", "harbor.test", true},
		{"harbor.test/", "harbor.test", true},
		{"harbor.test/v2/", "harbor.test", true},
		{"harbor.test/team/app", "harbor.test", true},
		{"https://harbor.test/v1/access-token", "harbor.test", true}, // such a path means a thing at Docker Hub alone
		{"https://harbor.test:8443/v2", "harbor.test:8443", true},
		{"http://harbor.test/v1/", "harbor.test", true}, // as docker reads it
		{"http://harbor.test", "harbor.test:80", true},
		{"http://harbor.test:80/", "harbor.test", true},
		{"http://harbor.test:80", "harbor.test:80", true},
		{"http://harbor.test:5000", "harbor.test:5000", true},
		{"harbor.test:80", "harbor.test:80", true},
		{"[2001:DB8::1]:5000", "[2001:db8::1]:5000", true},
		{"http://[::1]", "[::1]:80", true},
		{"localhost:5000", "localhost:5000", true},
		{"my_registry:5000", "my_registry:5000", true},

		{"harbor.test", "harbor.test:80", false},
		{"harbor.test:80", "harbor.test", false},
		{"https://harbor.test", "harbor.test:80", false},
		{"https://harbor.test:80", "harbor.test", false},
		{"http://harbor.test:5000", "harbor.test", false},
		{"harbor.test", "harbor.test:8443", false},
		{"harbor.test:8443", "harbor.test", false},
		{"harbor.test:4430", "harbor.test", false},
		{"harbor.test", "harbor.test.evil.test", false},
		{"harbor.test", "evil-harbor.test", false},
		{"harbor.test", "test", false},
		{"test", "harbor.test", false},
		{"harbor.test", "", false},
		{"", "", false},
		{"*.test", "harbor.test", false},
		{"*", "harbor.test", false},
		{"harbor?test", "harbor.test", false},
		{"https://evil.test/harbor.test", "harbor.test", false},
		{"https://harbor.test@evil.test", "harbor.test", false},
		{"https://evil.test@harbor.test", "harbor.test", false},
		{"evil.test\\harbor.test", "harbor.test", false},
		{"oci://harbor.test", "harbor.test", false},
		{"harbor.test:0443", "harbor.test", false},
	} {
		config := parse(t, `{"auths":{"`+strings.ReplaceAll(c.key, `\`, `\\`)+`":`+account("robot:secret")+`}}`)
		if got := passwordOf(t, c.host, config); (got == "secret") != c.found {
			t.Errorf("%q for %q: %q", c.key, c.host, got)
		}
	}
}

// Docker Hub has one credential under each of its names, and the tokens beside it are none.
func TestDockerHubByEachName(t *testing.T) {
	names := []string{"docker.io", "index.docker.io", "registry-1.docker.io", "DOCKER.IO", "docker.io:443"}
	for _, name := range names {
		for _, key := range []string{name, "https://" + name, "http://" + name + "/v1/", "https://" + name + "/v1/", name + "/v2/", name + "/"} {
			config := parse(t, `{"auths":{
				"https://index.docker.io/v1/refresh-token":`+account("x:no-secret")+`,
				"`+key+`":`+account("robot:secret")+`,
				"https://`+name+`/v1/access-token/":`+account("y:no-secret")+`,
				"harbor.test":`+account("robot:other")+`}}`)
			for _, host := range names {
				if got := passwordOf(t, host, config); got != "secret" {
					t.Errorf("%q for %q: %q", key, host, got)
				}
			}
			if got := config.Warnings(); len(got) > 0 || passwordOf(t, "harbor.test", config) != "other" {
				t.Errorf("%q: %q", key, got)
			}
		}
	}
	for _, host := range []string{"index.docker.io.evil.test", "hub.docker.com", "auth.docker.io", "docker.io:5000"} {
		if got := passwordOf(t, host, parse(t, `{"auths":{"https://index.docker.io/v1/":`+account("robot:secret")+`}}`)); got != "" {
			t.Errorf("%q got %q", host, got)
		}
	}
	only := parse(t, `{"auths":{"https://index.docker.io/v1/access-token":`+account("x:no-secret")+`}}`)
	if got := passwordOf(t, "docker.io", only); got != "" {
		t.Errorf("a token stands in for the credential: %q", got)
	}
}

// An entry that cannot be used concerns its host alone, and is told with its key.
func TestAnOddEntryConcernsItsHost(t *testing.T) {
	for _, c := range []struct{ name, entries, fault string }{
		{"not base64", `"odd.test":{"auth":"!secret"}`, `auths "odd.test" cannot be used: its auth is not base64 of username:password`},
		{"no colon", `"odd.test":` + account("secret"), `its auth is not base64 of username:password`},
		{"text", `"odd.test":"secret"`, `it is not an object with an auth`},
		{"a list", `"https://ODD.test/v1/":["secret"]`, `auths "https://ODD.test/v1/" cannot be used`},
		{"a number", `"odd.test":{"auth":5}`, `it is not an object with an auth`},
		{"no password", `"odd.test":` + account("secret:"), `it has only one of username and password`},
		{"no username", `"odd.test":{"password":"secret"}`, `it has only one of username and password`},
		{"paths that differ", `"odd.test/a":` + account("a:secret") + `,"odd.test/b":` + account("b:secret"), `auths "odd.test/a" and "odd.test/b" are for one host and differ`},
		{"spellings that differ", `"odd.test":` + account("a:secret") + `,"https://odd.test:443/":` + account("b:secret"), `"odd.test" and "https://odd.test:443/"`},
		{"one key twice", `"odd.test":` + account("a:secret") + `,"odd.test":` + account("b:secret"), `"odd.test" and "odd.test"`},
		{"good and bad", `"odd.test":` + account("a:secret") + `,"ODD.test":{"auth":"!"}`, `auths "ODD.test" cannot be used`},
		{"bad and good", `"ODD.test":{"auth":"!"},"odd.test":` + account("a:secret"), `auths "ODD.test" cannot be used`},
	} {
		config := parse(t, `{"auths":{"first.test":`+account("robot:1")+`,`+c.entries+`,"last.test":`+account("robot:9")+`}}`)
		later := parse(t, `{"auths":{"odd.test":`+account("robot:later")+`}}`)
		if got := passwordOf(t, "odd.test", config, later); !strings.Contains(got, "docker config config.json: ") || !strings.Contains(got, c.fault) {
			t.Errorf("%s: %q", c.name, got)
		}
		if first, last := passwordOf(t, "first.test", config), passwordOf(t, "last.test", config); first != "1" || last != "9" {
			t.Errorf("%s: the others have %q and %q", c.name, first, last)
		}
		if got := config.Warnings(); len(got) != 1 || !strings.Contains(got[0], c.fault) || !strings.Contains(got[0], "images of odd.test are undecided") || strings.Contains(got[0], "secret") {
			t.Errorf("%s: warnings %q", c.name, got)
		}
	}
}

// What docker, podman and az write is read, and warned of by no line.
func TestEntriesAsToolsWriteThem(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		want auth.Credential
	}{
		{"the same twice", `{"auths":{"harbor.test/a":` + account("robot:secret") + `,"harbor.test/b":` + account("robot:secret") + `}}`, auth.Credential{Username: "robot", Password: "secret"}},
		{"by name", `{"auths":{"harbor.test":{"username":"robot","password":"secret","email":"robot@skao.test"}}}`, auth.Credential{Username: "robot", Password: "secret"}},
		{"name and auth", `{"auths":{"harbor.test":{"username":"old","password":"old","auth":"` + base64.StdEncoding.EncodeToString([]byte("robot:se:cret")) + `"}}}`, auth.Credential{Username: "robot", Password: "se:cret"}},
		{"az acr login", `{"auths":{"harbor.test":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("00000000:")) + `","identitytoken":"secret"}}}`, auth.Credential{Username: "00000000", RefreshToken: "secret"}},
		{"a registry token", `{"auths":{"harbor.test":{"registrytoken":"secret"}}}`, auth.Credential{AccessToken: "secret"}},
		{"letter case", `{"Auths":{"harbor.test":{"Auth":"` + base64.StdEncoding.EncodeToString([]byte("robot:secret")) + `"}},"credSstore":""}`, auth.Credential{Username: "robot", Password: "secret"}},
		{"empty and full", `{"auths":{"https://harbor.test":{},"harbor.test":` + account("robot:secret") + `}}`, auth.Credential{Username: "robot", Password: "secret"}},
		{"a mark from DOS", "\xef\xbb\xbf" + `{"auths":{"harbor.test":` + account("robot:secret") + "}}\r\n", auth.Credential{Username: "robot", Password: "secret"}},
		{"other settings", `{"HttpHeaders":{"User-Agent":"x"},"proxies":{"default":{"httpProxy":"http://proxy"}},"currentContext":"a","plugins":{"a":{"b":"c"}},"auths":{"harbor.test":` + account("robot:secret") + `},"credHelpers":null}`, auth.Credential{Username: "robot", Password: "secret"}},
		{"no helper by name", `{"credsStore":"there-is-none-x","credHelpers":{"harbor.test":""},"auths":{"harbor.test":` + account("robot:secret") + `}}`, auth.Credential{Username: "robot", Password: "secret"}},
	} {
		config := parse(t, c.text)
		got, err := login.Configs{config}.Credential(t.Context(), "harbor.test")
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		warnings := slices.DeleteFunc(config.Warnings(), func(w string) bool { return strings.Contains(w, "there-is-none-x") })
		if len(warnings) > 0 {
			t.Errorf("%s: warnings %q", c.name, warnings)
		}
	}
}

// What can never match is told with its key, and never with its value.
func TestWhatCanNeverMatchIsTold(t *testing.T) {
	entry := account("robot:secret")
	for _, tc := range []struct{ text, want string }{
		{"", "it holds no credentials"},
		{" \n", "it holds no credentials"},
		{"{}", "it holds no credentials"},
		{"null", "it holds no credentials"},
		{`{"auths":{},"credHelpers":{},"credsStore":""}`, "it holds no credentials"},
		{`{"currentContext":"default"}`, "it holds no credentials"},
		{`{"harbor.test":` + entry + `}`, `"harbor.test" stands at the top, as in an old .dockercfg, and is not read; put it under auths`},
		{`{"https://index.docker.io/v1/":{"username":"robot","password":"secret"}}`, `"https://index.docker.io/v1/" stands at the top`},
		{`{"auth":{"harbor.test":` + entry + `}}`, `"auth" is not read; credentials stand under auths`},
		{`{"authentications":{"harbor.test":` + entry + `}}`, `"authentications" is not read`},
		{`{"registries":{"harbor.test":` + entry + `}}`, `"registries" is not read`},
		{`{"credHelper":{"harbor.test":"pass"}}`, `"credHelper" is not read`},
		{`{"credStore":"pass"}`, `"credStore" is not read`},
		{`{"kind":"Secret","data":{".dockerconfigjson":"c2VjcmV0"}}`, "it is a Secret of Kubernetes"},
		{`{"auths":{"*.test":` + entry + `}}`, `auths "*.test" can never match: wildcards are not read; write an entry for each host`},
		{`{"auths":{"https://*.harbor.test/v1/":` + entry + `}}`, `wildcards are not read`},
		{`{"auths":{"harbor-?.test":` + entry + `}}`, `wildcards are not read`},
		{`{"auths":{"oci://harbor.test":` + entry + `}}`, `auths "oci://harbor.test" can never match: this is not a host`},
		{`{"auths":{"harbor.test:":` + entry + `}}`, `this is not a host`},
		{`{"auths":{"":` + entry + `}}`, `auths "" can never match`},
		{`{"auths":{"https://":` + entry + `}}`, `auths "https://" can never match`},
		{`{"auths":{"harbor .test":` + entry + `}}`, `this is not a host`},
		{`{"auths":{"https://robot:secret@harbor.test":` + entry + `}}`, `auths "…@harbor.test" can never match`},
		{`{"auths":{"harbor":` + entry + `}}`, `"harbor" can never match: no image name begins with this host`},
		{`{"auths":{"harbor.test":{}}}`, `auths "harbor.test" is empty, and no helper is named that may have its credential; harbor.test is asked without one`},
		{`{"auths":{"harbor.test":null}}`, `harbor.test is asked without one`},
		{`{"auths":{"http://harbor.test":{"email":"a@b"}}}`, `harbor.test is asked without one`},
		{`{"auths":{"harbor.test":` + account("robot:secret\n") + `}}`, `auths "harbor.test" has white space around its username or password`},
		{`{"credHelpers":{"*.amazonaws.com":"login-helper"}}`, `credHelpers "*.amazonaws.com" can never match`},
		{`{"credHelpers":{"harbor.test":"there-is-none"}}`, `credHelpers "harbor.test": the program "docker-credential-there-is-none" is not on the PATH; images of harbor.test are undecided`},
		{`{"credHelpers":{"harbor.test":5}}`, `credHelpers "harbor.test" cannot be used: it is not the name of a helper`},
		{`{"credHelpers":{"harbor.test":"a-helper","HARBOR.test":""}}`, `credHelpers "harbor.test" and "HARBOR.test" are for one host and differ`},
		{`{"credsStore":"there-is-none"}`, `credsStore: the program "docker-credential-there-is-none" is not on the PATH`},
		{`{"credsStore":"docker-credential-there-is-none"}`, `(write "there-is-none", without the prefix)`},
		{`{"auths":{"harbor.test":{}},"credsStore":"there-is-none","credHelpers":{"a.test":""}}`, `credsStore: the program`},
	} {
		config := parse(t, tc.text)
		got := config.Warnings()
		if !slices.ContainsFunc(got, func(w string) bool {
			return strings.HasPrefix(w, "docker config config.json: ") && strings.Contains(w, tc.want)
		}) {
			t.Errorf("%s: warnings %q", tc.text, got)
		}
		if all := strings.Join(got, "\n"); strings.Contains(all, "secret") || strings.Contains(all, strings.Trim(entry, `{}"auth:`)) {
			t.Errorf("%s: a value is told: %q", tc.text, got)
		}
	}
	if got := parse(t, `{"credHelpers":{"Harbor.test":""}}`).Warnings(); len(got) != 1 || !strings.Contains(got[0], `credHelpers "Harbor.test" is empty`) {
		t.Errorf("warnings %q", got)
	}
	config := parse(t, `{"auths":{"mirror":`+entry+`}}`)
	if got := config.Warnings("", "mirror"); len(got) > 0 || passwordOf(t, "mirror", config) != "secret" {
		t.Errorf("a mirror that the configuration names: %q", got)
	}
}

// A file of which nothing can be known is refused, with its name and line.
func TestAFileThatCannotBeReadIsRefused(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"secret", "line 1: it is not JSON"},
		{"{\"auths\":\n{\"a.test\":\nsecret", "line 3: it is not JSON"},
		{`{"auths":{}} {"auths":{}}`, "line 1: it is not JSON"},
		{"auths: {}", "line 1: it is not JSON"},
		{`[]`, "it is not a JSON object"},
		{`"secret"`, "it is not a JSON object"},
		{`5`, "it is not a JSON object"},
		{"{\n\"auths\":[]}", "line 2: auths: it is not a JSON object"},
		{`{"auths":"secret"}`, "auths: it is not a JSON object"},
		{"{\n\n\"credHelpers\":\"secret\"}", "line 3: credHelpers: it is not a JSON object"},
		{"{\"auths\":{},\n\"auths\":{}}", "line 2: auths stands in it twice"},
		{"{\"auths\":{},\n\"Auths\":{}}", "line 2: Auths stands in it twice"},
		{`{"credsStore":{"a":"secret"}}`, "line 1: credsStore: it is not the name of a credential helper"},
	} {
		config, err := login.Parse("config.json", []byte(tc.text))
		if err == nil || config != nil || !strings.Contains(err.Error(), "docker config config.json: "+tc.want) && !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", tc.text, err)
		}
	}
}
