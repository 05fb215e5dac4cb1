package openssl

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// secret is every passphrase here, for openssl and for us.
const secret = "correct horse battery staple"

// binaries are the commands that are driven here.
var binaries rig.Binaries

func TestMain(m *testing.M) {
	os.Unsetenv("OPENSSL_CONF") // it would change what openssl does
	binaries.Main(m)
}

// bench is a folder where openssl and notation-pki work by turns. It holds the file pass, with the secret.
type bench struct {
	*testing.T
	dir string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI has to prove this against openssl, and there is none: %v", err)
		}
		t.Skipf("openssl is not installed, so that nothing is proven against it: %v", err)
	}
	t.Parallel()
	b := &bench{t, t.TempDir()}
	b.write("pass", []byte(secret+"\n"))
	return b
}

// openssl runs a command line that must work, and returns all that it says. Arguments with blanks in them follow.
func (b *bench) openssl(line string, more ...string) string {
	b.Helper()
	said, err := b.run("openssl", line, more)
	if err != nil {
		b.Fatalf("openssl %s %q: %v\n%s", line, more, err, said)
	}
	return said
}

// opensslFails is the same for one that must not work.
func (b *bench) opensslFails(line string, more ...string) string {
	b.Helper()
	said, err := b.run("openssl", line, more)
	if err == nil {
		b.Fatalf("openssl %s %q works\n%s", line, more, said)
	}
	return said
}

// pki runs notation-pki, which must work.
func (b *bench) pki(line string, more ...string) string {
	b.Helper()
	said, err := b.run(b.command(), line, more)
	if err != nil {
		b.Fatalf("notation-pki %s %q: %v\n%s", line, more, err, said)
	}
	return said
}

func (b *bench) pkiFails(line string, more ...string) string {
	b.Helper()
	said, err := b.run(b.command(), line, more)
	if err == nil {
		b.Fatalf("notation-pki %s %q works\n%s", line, more, said)
	}
	return said
}

func (b *bench) command() string {
	b.Helper()
	return rig.Must(binaries.Command("notation-pki"))(b)
}

func (b *bench) run(binary, line string, more []string) (string, error) {
	c := exec.CommandContext(b.Context(), binary, append(strings.Fields(line), more...)...)
	c.Dir = b.dir
	said, err := c.CombinedOutput()
	return string(said), err
}

// issue runs notation-pki with every passphrase, and a subject if it has a common name.
func (b *bench) issue(line, commonName string) string {
	b.Helper()
	verb, _, _ := strings.Cut(line, " ")
	line += " --passphrase-file pass"
	if verb == "intermediate" || verb == "signer" {
		line += " --issuer-passphrase-file pass"
	}
	if commonName == "" {
		return b.pki(line)
	}
	return b.pki(line, "--subject", "C=GB, ST=England, L=Cheshire, O=SKAO, OU=SKAO, CN="+commonName)
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, filepath.FromSlash(name)) }

func (b *bench) read(name string) []byte {
	b.Helper()
	return rig.Must(os.ReadFile(b.path(name)))(b)
}

func (b *bench) write(name string, content []byte) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), content, 0o600); err != nil {
		b.Fatal(err)
	}
}

// join writes files one after the other into a new one.
func (b *bench) join(name string, parts ...string) {
	b.Helper()
	var all []byte
	for _, part := range parts {
		all = append(all, b.read(part)...)
	}
	b.write(name, all)
}

// lacks tells whether there is no such file.
func (b *bench) lacks(name string) bool {
	_, err := os.Stat(b.path(name))
	return os.IsNotExist(err)
}

// identity reads a chain and a key as notation-pki does.
func (b *bench) identity(chain, key string) *ca.Identity {
	b.Helper()
	certs, err := certfile.Parse(b.read(chain))
	if err != nil {
		b.Fatal(err)
	}
	signer, err := ca.DecodeKey(b.read(key), passphrase)
	if err != nil {
		b.Fatal(err)
	}
	return &ca.Identity{Cert: certs[0], Key: signer, Chain: certs}
}

func passphrase() ([]byte, error) { return []byte(secret), nil }

// says fails the test unless the text has all of the parts.
func (b *bench) says(text string, parts ...string) {
	b.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			b.Errorf("%q is not said in:\n%s", part, text)
		}
	}
}

// names lists a folder.
func (b *bench) names(folder string) []string {
	b.Helper()
	var names []string
	for _, entry := range rig.Must(os.ReadDir(b.path(folder)))(b) {
		names = append(names, entry.Name())
	}
	return names
}

// tree is all that pki holds, with modes and contents.
func (b *bench) tree() string {
	b.Helper()
	var all strings.Builder
	err := filepath.WalkDir(b.path("pki"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&all, info.Mode(), path)
		if !entry.IsDir() {
			content, err := os.ReadFile(path)
			fmt.Fprintf(&all, "%x\n", sha256.Sum256(content))
			return err
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return all.String()
}
