package system

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// flood asks twelve images of a proxy project again and again, one repository and made-up
// ones, until it is stopped.
func (p *process) flood(t *testing.T, host string) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var flooding sync.WaitGroup
	flooding.Go(func() {
		for round := 0; ; round++ {
			var keys []string
			for i := range 6 {
				keys = append(keys, fmt.Sprintf("%s/proxy/x:%d-%d", host, round, i), fmt.Sprintf("%s/proxy/y%d-%d:1", host, round, i))
			}
			if _, err := p.asker.Validate(t.Context(), keys...); err != nil && t.Context().Err() == nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() { close(done); flooding.Wait() }
}

// A proxy project of a registry is away, or limits rates, and strangers name images of it
// as often as they like. What is new in other projects is verified as ever, and so is what
// is in use by its tag, though the tag lapses again and again.
func TestAProxyProjectInTroubleConcernsNoOther(t *testing.T) {
	for _, tc := range []struct {
		name   string
		effect rig.Fault
	}{
		{"limits rates", rig.Status(http.StatusTooManyRequests, http.Header{"Retry-After": {"3600"}})},
		{"is away", rig.Status(http.StatusServiceUnavailable, nil)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := rig.ForTest(t)
			r := w.Registry(rig.RegistryOptions{})
			inUse := signed(t, w, r, rig.Signature{}, "production/inuse", 1)[0].Tagged()
			cold := signed(t, w, r, rig.Signature{}, "production/cold", 15)
			p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
				c.Cache.Tags, c.AnswerWithin = config.Duration(400*time.Millisecond), config.Duration(10*time.Second)
			}})
			if _, ok := good(p.validate(t, inUse), inUse); !ok {
				t.Fatal("it is not verified at first")
			}
			r.Inject(rig.Match{Path: "^/v2/proxy/"}, tc.effect)
			defer p.flood(t, r.Host)()
			rig.Until(t, "the proxy project is asked", func() bool {
				return slices.ContainsFunc(r.Requests(), func(q rig.Request) bool { return len(q.Path) > 10 && q.Path[:10] == "/v2/proxy/" })
			})
			for _, image := range cold {
				for range 5 { // the tag of the one in use lapses in between
					if answer := p.validate(t, inUse); answer.SystemError != "" {
						t.Errorf("the image in use: %s", answer.SystemError)
					}
				}
				key := image.Tagged()
				if _, ok := good(p.validate(t, key), key); !ok {
					t.Errorf("a new image is not verified: %s", p.validate(t, key).SystemError)
				}
			}
			for began := time.Now(); time.Since(began) < 2*time.Second; {
				if answer := p.validate(t, inUse); answer.SystemError != "" {
					t.Fatalf("the image in use: %s", answer.SystemError)
				}
			}
		})
	}
}

// A registry that is down for all is left alone, also where strangers go on naming images.
func TestRegistryThatIsDownIsLeftAlone(t *testing.T) {
	for _, tc := range []struct {
		name   string
		effect rig.Fault
	}{{"fails", rig.Status(http.StatusServiceUnavailable, nil)}, {"cuts", rig.Cut()}} {
		t.Run(tc.name, func(t *testing.T) {
			w := rig.ForTest(t)
			r := w.Registry(rig.RegistryOptions{})
			image := signed(t, w, r, rig.Signature{}, "production/app", 1)[0].Tagged()
			p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}})
			lift := r.Inject(rig.Match{}, tc.effect)
			stop := p.flood(t, r.Host)
			rig.Until(t, "it is told that the registry keeps failing", func() bool {
				return p.metric(t, `notation_provider_undecided_total{cause="registry"}`) > 400
			})
			stop()
			if n := r.Count(); n > 100 {
				t.Errorf("%d requests for 400 questions", n)
			}
			lift()
			rig.Until(t, "it is verified when the registry is well", func() bool {
				_, ok := good(p.validate(t, image), image)
				return ok
			})
		})
	}
}
