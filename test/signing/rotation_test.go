package signing_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// remembered is how long the server goes by a verdict here, and so how late a revocation may be noticed.
const remembered = 2 * time.Second

// Signer and intermediate are rotated, and the first generation is retired, while the server runs.
func TestRotationOfSignerAndIntermediate(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	images := map[string]rig.Image{}
	sign := func(generation string) {
		t.Helper()
		images[generation] = w.PushImage(r, "production/by-"+filepath.Base(generation), "1.0")
		w.Sign(images[generation], rig.Signature{By: c.identity(generation)})
	}
	c.run("bundle", "--scope", r.Scope("production/*"), "--kubernetes", "--out", "trust")
	v := volume{t, t.TempDir()}
	v.mount(c.path("trust"))
	p := serve(t, w, v, func(o *config.Config) {
		o.Egress.Allow = []string{c.host()}
		o.Cache.Verified = config.Duration(remembered)
	}, r)

	sign("signer/1")
	p.is(t, "by the first generation", images, "verified")

	// The signer is rotated, under the intermediate that is there.
	c.run("signer", "--rotate", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass", "--crl-url", c.crlURL("intermediate/1"))
	sign("signer/2")
	p.is(t, "when the signer was rotated", images, "verified")

	// The intermediate is rotated, and the signer once more under it.
	c.run("intermediate", "--rotate", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass", "--key-type", "ec-256", "--crl-url", c.crlURL("root/1"))
	c.publish("intermediate/2")
	c.run("signer", "--rotate", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass", "--crl-url", c.crlURL("intermediate/2"))
	sign("signer/3")
	p.is(t, "when the intermediate was rotated", images, "verified")

	// The first signer is retired.
	retire := func(generation string, publish func()) {
		t.Helper()
		image := images[generation]
		delete(images, generation)
		publish()
		rig.Until(t, generation+" is refused as revoked", func() bool { return p.verdict(t, image) == "revoked" })
		p.is(t, "when "+generation+" was retired", images, "verified")
	}
	retire("signer/1", func() {
		c.publish("intermediate/1", "--revoke", "pki/signer/1/cert.pem", "--reason", "superseded")
	})
	// And then the first intermediate, with all that it issued.
	retire("signer/2", func() {
		c.publish("root/1", "--revoke", "pki/intermediate/1/cert.pem", "--reason", "superseded")
	})
	if len(images) != 1 {
		t.Fatalf("%v is left, want the last generation alone", images)
	}
	if err := p.Stop(); err != nil { // it is the process that was started first
		t.Error(err)
	}
}

// The root is rotated, and both are trusted until the first is left out.
func TestRotationOfTheRoot(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	first := w.PushImage(r, "production/first", "1.0")
	w.Sign(first, rig.Signature{By: c.identity("signer/1")})
	v := volume{t, t.TempDir()}
	trust := func(out string, more ...string) {
		t.Helper()
		c.run(append([]string{"bundle", "--scope", r.Scope("production/*"), "--kubernetes", "--out", out}, more...)...)
		v.mount(c.path(out))
	}
	trust("trust-1")
	p := serve(t, w, v, func(o *config.Config) {
		o.Egress.Allow = []string{c.host()}
		o.Reload = config.Duration(50 * time.Millisecond)
		o.Cache.Refused = config.Duration(time.Millisecond)
	}, r)
	p.is(t, "at first", map[string]rig.Image{"by the first": first}, "verified")

	c.run("root", "--rotate", "--key-type", "ec-256", "--passphrase-file", "pass")
	c.publish("root/2")
	c.run("intermediate", "--rotate", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass", "--key-type", "ec-256", "--crl-url", c.crlURL("root/2"))
	c.publish("intermediate/2")
	c.run("signer", "--rotate", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass", "--crl-url", c.crlURL("intermediate/2"))
	second := w.PushImage(r, "production/second", "1.0")
	w.Sign(second, rig.Signature{By: c.identity("signer/2")})
	p.is(t, "before its root is trusted", map[string]rig.Image{"by the second": second}, "untrusted")

	trust("trust-2")
	rig.Until(t, "the second root is trusted", func() bool { return p.verdict(t, second) == "verified" })
	p.is(t, "with both roots", map[string]rig.Image{"by the first": first, "by the second": second}, "verified")

	trust("trust-3", "--root", "root/2")
	rig.Until(t, "the first root is trusted no more", func() bool { return p.verdict(t, first) == "untrusted" })
	p.is(t, "without the first root", map[string]rig.Image{"by the second": second}, "verified")
}

func TestWithoutTheCAsOwnListNothingNewIsAdmitted(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/app", "1.0")
	w.Sign(image, rig.Signature{By: c.identity("signer/1")})
	c.run("bundle", "--scope", r.Scope("production/*"), "--kubernetes", "--out", "trust")
	v := volume{t, t.TempDir()}
	v.mount(c.path("trust"))
	p := serve(t, w, v, func(o *config.Config) { o.Egress.Allow = []string{c.host()} }, r)
	list := "/intermediate-1.crl"
	good, _ := c.published.LoadAndDelete(list)
	p.is(t, "without a list", map[string]rig.Image{"it": image}, "undecided")
	c.published.Store(list, rig.Must(os.ReadFile(c.path("pki/root/1/crl/1.crl")))(t))
	p.is(t, "with another CA's list", map[string]rig.Image{"it": image}, "undecided")
	c.published.Store(list, good)
	rig.Until(t, "it is verified with its own", func() bool { return p.verdict(t, image) == "verified" })
}
