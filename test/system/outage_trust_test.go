package system

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Trust is replaced during a thousand requests: each answer comes from one version.
func TestTrustReplacedUnderLoad(t *testing.T) {
	rw := rig.ForTest(t)
	r := rw.Registry(rig.RegistryOptions{})
	others := rw.NewPKI(rig.PKIOptions{Organization: "Others"})
	var keys []string
	signers := map[string]string{} // which policy verifies the image
	for _, image := range signed(t, rw, r, rig.Signature{}, "production/ours", 8) {
		keys, signers[image.Pinned()] = append(keys, image.Pinned()), "ours"
	}
	for i, image := range signed(t, rw, r, rig.Signature{By: others.Signer}, "production/theirs", 8) {
		keys, signers[image.Pinned()] = append(keys, image.Pinned()), "theirs"
		keys[i], keys[len(keys)-1] = keys[len(keys)-1], keys[i] // one beside the other
	}
	named := func(name string, root *rig.PKI) rig.Trust {
		trusted := rw.Trust("*")
		trusted.Policies[0].Name = name
		trusted.Stores["ca:skao-oci"][0] = root.Root.Cert
		return trusted
	}
	policies := []rig.Trust{named("ours", rw.SKAO), named("theirs", others)}
	w := open(t, rw, policies[0], r, func(c *config.Config) {
		c.AnswerWithin, c.VerifyWithin, c.Cache.Refused = config.Duration(20*time.Second), config.Duration(20*time.Second), config.Duration(time.Hour)
	})

	var asked, answered [2]atomic.Int64 // requests, and those by each policy
	var swaps atomic.Int64
	ask := func() {
		asked[0].Add(1)
		findings := w.Answer(t.Context(), keys)
		policy := findings[0].Verdict.Policy
		for _, f := range findings {
			want := "untrusted"
			if signers[f.Key] == policy {
				want = "verified"
			}
			if got := foundOf(f); got != want || f.Verdict.Policy != policy {
				t.Errorf("%s is %s by %q in an answer that began by %q, which calls it %s", f.Key, got, f.Verdict.Policy, policy, want)
			}
		}
		for i, p := range policies {
			if p.Policies[0].Name == policy {
				answered[i].Add(1)
			}
		}
	}
	ask()
	done := make(chan struct{})
	var asking, swapping sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for !t.Failed() && (asked[0].Load() < 1000 || swaps.Load() < 50) {
				ask()
			}
		})
	}
	swapping.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if err := w.trusts(policies[i%2]); err != nil {
				t.Error(err)
				return
			}
			swaps.Add(1)
		}
	})
	asking.Wait()
	close(done)
	swapping.Wait()
	if answered[0].Load() < 10 || answered[1].Load() < 10 {
		t.Errorf("%d answers by one policy and %d by the other: nothing was replaced in the middle", answered[0].Load(), answered[1].Load())
	}
	t.Logf("%d requests, %d replacements", asked[0].Load(), swaps.Load())
}

// A broken trust policy is refused: the old one stays in force, and /readyz says why.
func TestBrokenPolicyLeavesTheOldInForce(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := signed(t, w, r, rig.Signature{}, "production/app", 1)[0]
	others := w.NewPKI(rig.PKIOptions{Organization: "Others"})
	theirs := signed(t, w, r, rig.Signature{By: others.Signer}, "production/theirs", 1)[0]
	p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
		brief(c)
		c.Reload, c.AnswerWithin = config.Duration(20*time.Millisecond), config.Duration(10*time.Second)
	}})
	holds := func(when string) {
		t.Helper()
		answer := p.validate(t, image.Pinned(), theirs.Pinned())
		if policy, ok := good(answer, image.Pinned()); !ok || policy != "skao" {
			t.Errorf("%s: %+v by %q", when, answer.Items[image.Pinned()], policy)
		}
		if item := answer.Items[theirs.Pinned()]; !strings.HasPrefix(item.Error, "untrusted: ") {
			t.Errorf("%s: a stranger's is %+v", when, item)
		}
	}
	holds("at first")
	policy, store := filepath.Join(p.Dir, "trustpolicy.json"), filepath.Join(p.Dir, "truststore/x509/ca/skao-oci/1.pem")
	for _, c := range []struct{ name, file, content, says string }{
		{"half a policy", policy, `{"version": "1.0", "trustPolicies": [{"name": `, "trustpolicy.json"},
		{"an empty policy", policy, ``, "trustpolicy.json"},
		{"an unknown level", policy, `{"version":"1.0","trustPolicies":[{"name":"everything","registryScopes":["*"],"signatureVerification":{"level":"none"},"trustStores":["ca:skao-oci"],"trustedIdentities":["*"]}]}`, "none"},
		{"a store of nothing", policy, `{"version":"1.0","trustPolicies":[{"name":"everything","registryScopes":["*"],"signatureVerification":{"level":"strict"},"trustStores":["ca:nowhere"],"trustedIdentities":["*"]}]}`, "nowhere"},
		{"no certificate", store, "-----BEGIN NONSENSE-----\n", "1.pem"},
	} {
		text := rig.Must(os.ReadFile(c.file))(t)
		replaceFile(t, c.file, []byte(c.content))
		rig.Until(t, "readiness tells of "+c.name, func() bool {
			status, body, err := p.Admin(t.Context(), "/readyz")
			if err != nil || status != http.StatusOK {
				t.Fatalf("%s: not ready, as if every replica were to go: %d %s: %v", c.name, status, body, err)
			}
			return strings.Contains(body, "what was read before stays in force: trust: ") && strings.Contains(body, c.says)
		})
		holds(c.name)
		replaceFile(t, c.file, text)
		rig.Until(t, "readiness is content again after "+c.name, func() bool { _, body, err := p.Admin(t.Context(), "/readyz"); return err == nil && body == "ok\n" })
		holds("after " + c.name)
	}

	trusted := w.Trust("*")
	trusted.Policies[0].Name = "new"
	trusted.Add("ca:others", others.Root.Cert)
	if err := trusted.Write(p.Dir); err != nil {
		t.Fatal(err)
	}
	rig.Until(t, "the new policy is in force", func() bool {
		policy, ok := good(p.validate(t, theirs.Pinned()), theirs.Pinned())
		return ok && policy == "new"
	})
}

// replaceFile puts a file in another's place at once, as Kubernetes does.
func replaceFile(t *testing.T, path string, content []byte) {
	t.Helper()
	aside := filepath.Join(t.TempDir(), "new")
	if err := os.WriteFile(aside, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
}
