package hostile

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// most is the memory that the server may ever hold, in bytes, whatever strangers do together (provider/README.md, "Bounds").
const most = 200 << 20

// target is a server with its default limits, registries that do harm, and one that is well.
type target struct {
	*rig.Test
	server *rig.Provider
	bad    *registry
	more   []*registry // that do the same as bad
	good   []rig.Image // signed, and not asked for yet
}

// newTarget has so many registries that do harm.
func newTarget(t *testing.T, registries int, kinds func(t *testing.T, anchor []byte) map[string]kind) *target {
	t.Helper()
	w := rig.ForTest(t)
	built, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	harm := kinds(t, w.SKAO.Root.Cert.Raw)
	x := &target{Test: w, bad: newRegistry(t, harm)}
	for len(x.more) < registries-1 {
		x.more = append(x.more, newRegistry(t, harm))
	}
	home := w.Registry(rig.RegistryOptions{})
	for range 40 {
		image := w.PushImage(home, "production/good", "1")
		w.Sign(image, rig.Signature{})
		x.good = append(x.good, image)
	}
	x.server = w.Provider(rig.ProviderOptions{Binary: built, Registries: []*rig.Registry{home}, Edit: func(c *config.Config) {
		for i, r := range x.strangers() {
			issuer := filepath.Join(filepath.Dir(c.TLS.CertFile), fmt.Sprintf("bad-%d.crt", i))
			if err := os.WriteFile(issuer, r.caPEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			c.Registries = append(c.Registries, config.Registry{Host: r.host, CAFile: issuer, Referrers: config.ReferrersAuto})
		}
	}})
	return x
}

// strangers are the registries that do harm.
func (x *target) strangers() []*registry { return append([]*registry{x.bad}, x.more...) }

// attack is how long a storm lasts: longer than a request waits, so that its checks overlap and some end.
const attack = 3 * time.Second

// storm asks for images of each kind again and again, as pods that name 250 images do, and calls meanwhile beside it.
func (x *target) storm(t *testing.T, kinds []string, meanwhile func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), attack)
	defer cancel()
	var pods sync.WaitGroup
	for _, r := range x.strangers() {
		for _, kind := range kinds {
			pods.Go(func() { x.pods(ctx, r, kind) })
		}
	}
	meanwhile()
	pods.Wait()
}

// pods name images of a kind, 250 each, one pod after the other.
func (x *target) pods(ctx context.Context, r *registry, kind string) {
	asker := x.server.GatekeeperClient()
	for first := 0; ctx.Err() == nil; first += 250 {
		var keys []string
		for n := range 250 {
			keys = append(keys, r.image(kind, first+n))
		}
		_, _ = asker.Validate(ctx, keys...) // a 503 is an answer, too
	}
}

// peak fails the test if the server ever held more than it may.
func (x *target) peak(t *testing.T) {
	t.Helper()
	held, err := x.server.PeakMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the server held %d MiB at most", held>>20)
	if held > most {
		t.Errorf("the server held %d MiB, and may hold %d", held>>20, most>>20)
	}
}

// verified asks for good images that were never asked for, one each, and counts those that are verified in time.
func (x *target) verified(t *testing.T, images int) (count int) {
	t.Helper()
	asker := x.server.GatekeeperClient()
	for range images {
		key := x.good[0].Pinned()
		x.good = x.good[1:]
		answer, err := asker.Validate(t.Context(), key)
		if err == nil && answer.Items[key].Value != nil && answer.Items[key].Error == "" {
			count++
		}
	}
	return count
}

// recovers asks for good images, one after the other, until one is verified.
func (x *target) recovers(t *testing.T) bool {
	t.Helper()
	for range 20 {
		if x.verified(t, 1) == 1 {
			return true
		}
	}
	return false
}

// What strangers do costs memory within the bound, each alone and all together, and good images go on being verified.
func TestMemoryUnderAttack(t *testing.T) {
	for _, c := range []struct {
		name       string
		registries int
		kinds      []string
	}{
		{"decoders", 1, []string{"cose", "cose-fits", "ber", "ber-fits", "counter", "payload"}},
		{"chains", 1, []string{"chains", "anchored", "names", "named"}},
		{"lists", 1, []string{"manifests", "pages", "long"}},
		{"registries", 4, []string{"ready"}}, // each may have 32 of the 64 places
		{"together", 1, slices.Collect(maps.Keys(attacks(t, nil)))},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newTarget(t, c.registries, attacks)
			x.storm(t, c.kinds, func() {
				// How many depends on what else the machine does, so it is told and not wanted.
				t.Logf("%d of 10 good images were verified meanwhile", x.verified(t, 10))
			})
			if !x.recovers(t) {
				t.Error("no good image was verified after the attack")
			}
			x.peak(t)
		})
	}
}

// attacks are the ways to make the server hold memory. The anchor is a certificate that it trusts.
func attacks(t *testing.T, anchor []byte) map[string]kind {
	t.Helper()
	return map[string]kind{
		"cose":      {envelopes: repeated(20, coseBomb(1<<20-200)), mediaType: ca.COSE},
		"cose-fits": {envelopes: repeated(20, coseBomb(128<<10-200)), mediaType: ca.COSE},
		"ber":       {envelopes: repeated(20, berBomb(t, 1<<20-200)), mediaType: ca.COSE},
		"ber-fits":  {envelopes: repeated(20, berBomb(t, 128<<10-200)), mediaType: ca.COSE},
		"counter":   {envelopes: repeated(20, countersigned(t, 120<<10, anchor)), mediaType: ca.COSE},
		"payload":   {envelopes: repeated(20, jwsPayload(t, 90<<10, anchor)), mediaType: ca.JWS},
		"chains":    {envelopes: repeated(20, longChain(t)), mediaType: ca.JWS},
		"anchored":  {envelopes: repeated(20, longChain(t, anchor)), mediaType: ca.JWS},
		"names":     {envelopes: repeated(20, longNames(t, 6000)), mediaType: ca.COSE},
		"named":     {envelopes: repeated(20, longNames(t, 500, anchor)), mediaType: ca.COSE},
		"manifests": {envelopes: repeated(20, []byte("{}")), mediaType: ca.JWS, pad: 3 << 20},
		"pages":     {envelopes: repeated(1, []byte("{}")), mediaType: ca.JWS, pages: 3 << 20, hang: true},
		"ready":     {answer: readyPages()},
		"long":      {envelopes: repeated(900, []byte("{}")), mediaType: ca.JWS, hang: true},
	}
}
