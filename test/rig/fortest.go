package rig

import (
	"path/filepath"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// TB is what [ForTest] needs of a testing.TB.
type TB = expect.TB

// Test is an [Env] of one test: its methods fail the test where the environment's return an error.
type Test struct {
	*Env
	tb TB
}

// ForTest makes an environment that lasts as long as the test.
func ForTest(tb TB) *Test {
	tb.Helper()
	w, err := New(tb.Context(), tb.TempDir())
	t := &Test{Env: w, tb: tb}
	t.check(err)
	tb.Cleanup(func() { _ = w.Close() }) // what still hangs when a test ends is not what it tests
	return t
}

func (t *Test) check(err error) {
	t.tb.Helper()
	if err != nil {
		t.tb.Fatal(err)
	}
}

// Registry is [Env.Registry].
func (t *Test) Registry(opts RegistryOptions) *Registry {
	t.tb.Helper()
	r, err := t.Env.Registry(t.tb.Context(), opts)
	t.check(err)
	return r
}

// PushImage is [Registry.PushImage].
func (t *Test) PushImage(r *Registry, repository, tag string) Image {
	t.tb.Helper()
	image, err := r.PushImage(t.tb.Context(), repository, tag)
	t.check(err)
	return image
}

// PushIndex is [Registry.PushIndex].
func (t *Test) PushIndex(r *Registry, repository, tag string) Image {
	t.tb.Helper()
	image, err := r.PushIndex(t.tb.Context(), repository, tag)
	t.check(err)
	return image
}

// MoveTag is [Registry.MoveTag].
func (t *Test) MoveTag(image Image, tag string) Image {
	t.tb.Helper()
	moved, err := image.Registry.MoveTag(t.tb.Context(), image, tag)
	t.check(err)
	return moved
}

// Sign is [Env.Sign].
func (t *Test) Sign(image Image, s Signature) Signed {
	t.tb.Helper()
	signed, err := t.Env.Sign(t.tb.Context(), image, s)
	t.check(err)
	return signed
}

// NewPKI is [Env.NewPKI].
func (t *Test) NewPKI(opts PKIOptions) *PKI {
	t.tb.Helper()
	made, err := t.Env.NewPKI(opts)
	t.check(err)
	return made
}

// NewSigner is [PKI.NewSigner].
func (t *Test) NewSigner(p *PKI, opts ca.Options) *ca.Identity {
	t.tb.Helper()
	signer, err := p.NewSigner(opts)
	t.check(err)
	return signer
}

// WriteTrust writes the trust files into a new directory and returns it.
func (t *Test) WriteTrust(trust Trust) (dir string) {
	t.tb.Helper()
	dir = t.tb.TempDir()
	t.check(trust.Write(dir))
	return dir
}

// WriteServerFiles is [Env.WriteServerFiles] into a new directory.
func (t *Test) WriteServerFiles() ServerFiles {
	t.tb.Helper()
	files, err := t.Env.WriteServerFiles(t.tb.TempDir())
	t.check(err)
	return files
}

// WriteDockerConfig is [WriteDockerConfig] into a new directory; it returns the file's path.
func (t *Test) WriteDockerConfig(registries ...*Registry) (path string) {
	t.tb.Helper()
	path = filepath.Join(t.tb.TempDir(), "config.json")
	t.check(WriteDockerConfig(path, registries...))
	return path
}

// GatekeeperClient is [Env.GatekeeperClient], closed when the test ends.
func (t *Test) GatekeeperClient(url string) *GatekeeperClient {
	a := t.Env.GatekeeperClient(url)
	t.tb.Cleanup(a.Close)
	return a
}
