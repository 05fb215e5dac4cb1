package login_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// helper makes a credential helper that writes down what it is asked and knows one key.
func helper(t *testing.T, name, script string) (asked func() []string) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	text := "#!/bin/sh\nread key\necho \"$key\" >> " + log + "\n" + script
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() []string {
		text, _ := os.ReadFile(log)
		_ = os.Remove(log)
		return strings.Fields(string(text))
	}
}

// knows is the script of a helper that knows one key.
func knows(key string) string {
	return `if [ "$key" = "` + key + `" ]; then echo '{"Username":"robot","Secret":"helped"}'; exit 0; fi
echo "credentials not found in native keychain"; exit 1
`
}

// A helper is asked for what docker has stored the credential under.
func TestAHelperIsAskedAsDockerDoes(t *testing.T) {
	for _, c := range []struct{ name, text, host, key, asked string }{
		{"its host", `{"credHelpers":{"harbor.test":"rig"}}`, "harbor.test", "harbor.test", "harbor.test"},
		{"as written", `{"credHelpers":{"https://Harbor.test:443/":"rig"}}`, "harbor.test", "https://Harbor.test:443/", "https://Harbor.test:443/"},
		{"as written, then host", `{"credHelpers":{"https://harbor.test":"rig"}}`, "harbor.test", "harbor.test", "https://harbor.test harbor.test"},
		{"Docker Hub", `{"credHelpers":{"docker.io":"rig"}}`, "registry-1.docker.io", "https://index.docker.io/v1/", "https://index.docker.io/v1/"},
		{"a store", `{"credsStore":"rig"}`, "harbor.test", "harbor.test", "harbor.test"},
		{"a store and its entry", `{"auths":{"https://harbor.test/v1/":{}},"credsStore":"rig"}`, "harbor.test", "https://harbor.test/v1/", "https://harbor.test/v1/"},
		{"a store for Docker Hub", `{"auths":{"https://index.docker.io/v1/":{},"https://index.docker.io/v1/access-token":{}},"credsStore":"rig"}`, "docker.io", "https://index.docker.io/v1/", "https://index.docker.io/v1/"},
		{"before auths", `{"auths":{"harbor.test":` + account("robot:own") + `},"credHelpers":{"harbor.test":"rig"}}`, "harbor.test", "harbor.test", "harbor.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := helper(t, "rig", knows(c.key))
			config := parse(t, c.text)
			if got := passwordOf(t, c.host, config); got != "helped" {
				t.Errorf("got %q", got)
			}
			if got := strings.Join(asked(), " "); got != c.asked {
				t.Errorf("asked for %q", got)
			}
			if got := config.Warnings(); len(got) > 0 {
				t.Errorf("warnings %q", got)
			}
		})
	}
}

// An own credential needs no store; a helper that knows nothing leaves the host to what comes next.
func TestWhereAHelperKnowsNothing(t *testing.T) {
	asked := helper(t, "rig", knows("other.test"))
	later := parse(t, `{"auths":{"harbor.test":`+account("robot:later")+`}}`)
	for _, tc := range []struct{ text, want string }{
		{`{"credsStore":"rig"}`, "later"},
		{`{"auths":{"harbor.test":{}},"credsStore":"rig"}`, "later"},
		{`{"auths":{"harbor.test":` + account("robot:own") + `},"credsStore":"rig"}`, "own"},
		{`{"auths":{"harbor.test":` + account("robot:own") + `},"credHelpers":{"harbor.test":"rig"}}`, "own"},
		{`{"credHelpers":{"harbor.test":"rig"}}`, "later"},
		{`{"credsStore":"broken","credHelpers":{"harbor.test":"rig"}}`, "later"}, // which takes the store's place
	} {
		if got := passwordOf(t, "harbor.test", parse(t, tc.text), later); got != tc.want {
			t.Errorf("%s: %q", tc.text, got)
		}
	}
	if got := asked(); len(got) == 0 {
		t.Error("the helper was not asked")
	}
}

// A helper that fails, or that one host alone is left to and that is not there, is no reason to go on without it; a store
// that is not there keeps no other file from having a credential.
func TestWhereAHelperCannotBeAsked(t *testing.T) {
	helper(t, "broken", "echo 'the keychain is locked'; exit 3\n")
	later := parse(t, `{"auths":{"harbor.test":`+account("robot:later")+`}}`)
	own := `"auths":{"own.test":` + account("robot:own") + `}`
	for _, want := range []struct{ text, harbor, other string }{
		{`{"credHelpers":{"harbor.test":"broken"},` + own + `}`, "undecided: docker config config.json: asking the credential helper \"broken\": the keychain is locked", ""},
		{`{"credHelpers":{"harbor.test":"there-is-none"},` + own + `}`, "undecided: docker config config.json: credHelpers \"harbor.test\": the program \"docker-credential-there-is-none\" is not on the PATH", ""},
		{`{"credsStore":"broken",` + own + `}`, "undecided: docker config config.json: asking the credential helper \"broken\": the keychain is locked", "undecided: docker config config.json: asking"},
		{`{"credsStore":"broken","credHelpers":{"harbor.test":""},` + own + `}`, "later", "undecided: docker config config.json: asking"},
		{`{"credsStore":"there-is-none",` + own + `}`, "later", "undecided: docker config config.json: credsStore: the program \"docker-credential-there-is-none\" is not on the PATH"},
	} {
		config := parse(t, want.text)
		harbor, other := passwordOf(t, "harbor.test", config, later), passwordOf(t, "other.test", config, later)
		if harbor != want.harbor || !strings.HasPrefix(other, want.other) || want.other == "" && other != "" {
			t.Errorf("%s: %q and %q", want.text, harbor, other)
		}
		if got := passwordOf(t, "own.test", config, later); got != "own" {
			t.Errorf("%s: a host with a credential of its own has %q", want.text, got)
		}
	}
}

// The first file that has a credential for the host decides.
func TestTheFirstFileWithTheHostDecides(t *testing.T) {
	first := parse(t, `{"auths":{"a.test":`+account("robot:1")+`}}`)
	second := parse(t, `{"auths":{"https://a.test/":`+account("robot:2")+`,"b.test":`+account("robot:2")+`}}`)
	third := parse(t, `{"auths":{"b.test":`+account("robot:3")+`,"c.test":`+account("robot:3")+`}}`)
	for _, tc := range []struct{ host, want string }{{"a.test", "1"}, {"b.test", "2"}, {"c.test", "3"}, {"d.test", ""}} {
		if got := passwordOf(t, tc.host, first, second, third); got != tc.want {
			t.Errorf("%s: %q", tc.host, got)
		}
	}
}
