package system

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// All replicas restart while the registry is down, and known images go on: their signatures are in a folder that outlives
// the processes. What strangers wrote into the folder verifies nothing.
func TestReplicasRestartDuringAnOutage(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	images := signed(t, w, r, rig.Signature{}, "production/app", 20)
	var known []string
	for _, image := range images {
		known = append(known, image.Pinned())
	}
	dir := filepath.Join(t.TempDir(), "evidence")
	replica := func() *process {
		return startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
			c.AnswerWithin, c.VerifyWithin, c.RequestTimeout = config.Duration(20*time.Second), config.Duration(20*time.Second), config.Duration(time.Second)
			c.Cache.Evidence.Store, c.Cache.Evidence.Directory.Path = config.StoreDirectory, dir
		}})
	}
	verified := func(p *process) bool { return len(p.validate(t, known...).Keys) == len(known) }

	first := replica()
	rig.Until(t, "all are verified at first", func() bool { return verified(first) })
	rig.Until(t, "each has a file", func() bool { return len(entries(t, dir)) == len(known) })
	stop(t, first)

	lift := r.Inject(rig.Match{}, rig.Cut())
	before := r.Count()
	second, third := replica(), replica()
	for _, tc := range []struct {
		name string
		p    *process
	}{{"second", second}, {"third", third}} {
		// A busy machine may not read twenty files in 50 ms each: the next request finds them.
		rig.Until(t, tc.name+" verifies all during the outage", func() bool { return verified(tc.p) })
		for _, key := range known {
			if _, ok := good(tc.p.validate(t, key), key); !ok {
				t.Errorf("%s: %s is not verified", tc.name, key)
			}
		}
		if hits := tc.p.metric(t, `notation_provider_cache_events_total{event="hit",memory="evidence-store"}`); hits < len(known) {
			t.Errorf("%s: %d signatures came from the folder, want %d", tc.name, hits, len(known))
		}
		stop(t, tc.p)
	}
	t.Logf("%d requests to the registry during the outage", r.Count()-before)

	for _, file := range entries(t, dir) {
		forge(t, file)
	}
	fourth := replica()
	if answer := fourth.validate(t, known...); len(answer.Keys) > 0 {
		t.Errorf("forged signatures have verdicts: %+v", answer.Items)
	}
	lift()
	rig.Until(t, "all are verified when the registry is well", func() bool { return verified(fourth) })
}

func stop(t *testing.T, p *process) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	return rig.Must(filepath.Glob(filepath.Join(dir, "*-????????????????????????????????????????????????????????????????")))(t)
}

// forge changes a byte in the middle of the file, which is in the envelope.
func forge(t *testing.T, file string) {
	t.Helper()
	text := rig.Must(os.ReadFile(file))(t)
	middle := len(text) / 2
	if text[middle]++; text[middle] > 'z' {
		text[middle] = 'A'
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
