package system

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// process is the real server, and who asks it.
type process struct {
	*rig.Provider

	asker *rig.GatekeeperClient
}

func startProcess(t *testing.T, w *rig.Test, opts rig.ProviderOptions) *process {
	t.Helper()
	opts.Binary = rig.Must(binaries.Command("notation-provider"))(t)
	p := &process{Provider: w.Provider(opts)}
	p.asker = w.GatekeeperClient(p.URL)
	p.asker.Timeout = 30
	return p
}

func (p *process) validate(t *testing.T, keys ...string) *rig.Answer {
	t.Helper()
	answer := rig.Must(p.asker.Validate(t.Context(), keys...))(t)
	if answer.Status != http.StatusOK {
		t.Errorf("status %d: %s", answer.Status, answer.SystemError)
	}
	return answer
}

// good tells whether the answer verifies the image, and by which policy.
func good(answer *rig.Answer, key string) (policy string, ok bool) {
	item := answer.Items[key]
	value, ok := item.Value.(map[string]any)
	if !ok || item.Error != "" || value["verified"] != true {
		return "", false
	}
	policy, _ = value["policy"].(string)
	return policy, true
}

// metric is the value of a series now.
func (p *process) metric(t *testing.T, series string) int {
	t.Helper()
	return int(rig.Must(p.Metric(t.Context(), series))(t))
}

// walk is everything between the doors and the network, in this process.
type walk struct {
	*provider.Provider

	trust *trust.Files
	dir   string
}

// open puts a walk together, as the command does.
func open(t *testing.T, w *rig.Test, trusted rig.Trust, r *rig.Registry, change func(*config.Config)) *walk {
	t.Helper()
	c, dir := config.Default(), t.TempDir()
	ca := filepath.Join(dir, "registry.crt")
	if err := os.WriteFile(ca, r.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Registries = []config.Registry{{Host: r.Host, CAFile: ca, Referrers: config.ReferrersAuto}}
	change(&c)
	if err := trusted.Write(dir); err != nil {
		t.Fatal(err)
	}
	files := rig.Must(trust.Open(filepath.Join(dir, "trustpolicy.json"), filepath.Join(dir, "truststore")))(t)
	registries := rig.Must(registry.New(registry.Options{Registries: c.Registries, Guard: egress.NewGuard(), Signatures: c.Limits.Signatures, Envelope: int64(c.Limits.Envelope), RequestTimeout: time.Duration(c.RequestTimeout)}))(t)
	t.Cleanup(registries.Close)
	judge := rig.Must(verifier.New(verifier.Options{
		Trust:         files,
		Repository:    func(image provider.Image) verifier.Repository { return registries.Repository(image) },
		Evidence:      evidence.New(rig.Must(evidence.NewMemory(int64(c.Cache.Evidence.Memory)))(t), func(bool) {}),
		Signatures:    c.Limits.Signatures,
		Revocation:    egress.NewTransport(egress.Options{Guard: egress.NewGuard(), Bounds: egress.Bounds{Timeout: time.Duration(c.RequestTimeout), BodyBytes: 1 << 20}}),
		RevocationAge: time.Hour,
	}))(t)
	memory := rig.Must(cache.New(cache.Options{
		Resolver: registries,
		Limit:    cache.NewLimiter(cache.LimiterOptions{Concurrent: c.Limits.Concurrent, PerRegistry: c.Limits.PerRegistry, Queue: 4000}),
		Settings: cache.Settings{
			Entries:      c.Cache.Entries,
			Verified:     time.Duration(c.Cache.Verified),
			Refused:      time.Duration(c.Cache.Refused),
			Tags:         time.Duration(c.Cache.Tags),
			VerifyWithin: time.Duration(c.VerifyWithin),
		},
	}))(t)
	t.Cleanup(memory.Close)
	answers := rig.Must(provider.New(provider.Options{
		Trust: judge, Cache: memory,
		Settings: provider.Settings{AnswerWithin: time.Duration(c.AnswerWithin), MutateWithin: time.Duration(c.MutateWithin), Images: c.Cache.Entries},
	}))(t)
	return &walk{Provider: answers, trust: files, dir: dir}
}

// trusts replaces the trust in force.
func (w *walk) trusts(trusted rig.Trust) error {
	if err := trusted.Write(w.dir); err != nil {
		return err
	}
	changed, err := w.trust.Reload()
	if err == nil && !changed {
		err = fmt.Errorf("policy %q was in force already", trusted.Policies[0].Name)
	}
	return err
}

// foundOf is what one image came to, in a word or two.
func foundOf(f provider.Finding) string {
	if f.Err != nil {
		return "undecided " + string(f.Err.Cause)
	}
	return string(f.Verdict.Reason)
}

// signed pushes and signs so many images.
func signed(t *testing.T, w *rig.Test, r *rig.Registry, how rig.Signature, repository string, count int) (all []rig.Image) {
	t.Helper()
	for i := range count {
		image := w.PushImage(r, repository+strconv.Itoa(i), "1")
		w.Sign(image, how)
		all = append(all, image)
	}
	return all
}
