package signing_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// binaries are the commands that are driven here.
var binaries rig.Binaries

func TestMain(m *testing.M) { binaries.Main(m) }

// passphrase is that of every key here.
const passphrase = "correct horse battery staple"

// pkiUser is a person with notation-pki and an empty folder.
type pkiUser struct {
	t   *testing.T
	dir string // where the command runs; the PKI is in pki below

	// published is what the world reads of the CA: files by URL path, put there by publish.
	published sync.Map
	url       string
}

func newCA(t *testing.T) *pkiUser {
	t.Helper()
	c := &pkiUser{t: t, dir: t.TempDir()}
	c.write("pass", passphrase+"\n")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := c.published.Load(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content.([]byte))
	}))
	t.Cleanup(site.Close)
	c.url = site.URL
	return c
}

func (c *pkiUser) path(name string) string { return filepath.Join(c.dir, name) }

func (c *pkiUser) write(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// try runs notation-pki.
func (c *pkiUser) try(args ...string) (stdout, stderr string, err error) {
	c.t.Helper()
	var out, errs bytes.Buffer
	run := exec.CommandContext(c.t.Context(), rig.Must(binaries.Command("notation-pki"))(c.t), args...)
	run.Dir, run.Stdout, run.Stderr = c.dir, &out, &errs
	err = run.Run()
	return out.String(), errs.String(), err
}

// run runs notation-pki, which must succeed, and returns what it prints.
func (c *pkiUser) run(args ...string) string {
	c.t.Helper()
	stdout, stderr, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("notation-pki %s: %v: %s", strings.Join(args, " "), err, stderr)
	}
	return stdout
}

const subject = "C=GB, ST=England, O=SKAO, CN="

// issue makes a certificate of a kind. The keys are small, since making large ones takes seconds.
func (c *pkiUser) issue(kind, name string, more ...string) {
	c.t.Helper()
	args := []string{kind, "--subject", subject + name, "--key-type", "ec-256", "--passphrase-file", "pass"}
	if kind != "root" {
		args = append(args, "--issuer-passphrase-file", "pass")
	}
	c.run(append(args, more...)...)
}

// host is where the CA's lists are published, as egress.allow names it.
func (c *pkiUser) host() string { return strings.TrimPrefix(c.url, "http://") }

// crlURL is where the list of a generation is published.
func (c *pkiUser) crlURL(generation string) string {
	return c.url + "/" + strings.ReplaceAll(generation, "/", "-") + ".crl"
}

// publish issues the next list of a CA and puts it where its certificates point.
func (c *pkiUser) publish(generation string, more ...string) {
	c.t.Helper()
	args := append([]string{"crl", "--issuer", generation, "--passphrase-file", "pass", "-o", "json"}, more...)
	var list struct{ File string }
	if err := json.Unmarshal([]byte(c.run(args...)), &list); err != nil {
		c.t.Fatal(err)
	}
	content := rig.Must(os.ReadFile(c.path(list.File)))(c.t)
	c.published.Store(strings.TrimPrefix(c.crlURL(generation), c.url), content)
}

// chain makes a whole PKI with lists: a root, an intermediate and a signer.
func (c *pkiUser) chain() {
	c.t.Helper()
	c.issue("root", "SKAO Root CA")
	c.issue("intermediate", "SKAO OCI Intermediate CA", "--crl-url", c.crlURL("root/1"))
	c.issue("signer", "SKAO OCI Signer", "--crl-url", c.crlURL("intermediate/1"))
	c.publish("root/1")
	c.publish("intermediate/1")
}
