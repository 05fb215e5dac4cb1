package vectors_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// server is a process, and those who ask it.
type server struct {
	process *rig.Provider
	asker   *rig.GatekeeperClient
	engine  *engine.Engine    // at admission only
	secrets map[string]string // the passwords of all cases, and the case of each
}

// servers are the processes of one rung. Most cases share them, one after the other: a process that has answered for one case
// is configured for the next. A case that does not share has a process of its own.
type servers struct {
	env     *rig.Env
	engines bool // each has Gatekeeper's engine before it

	mu   sync.Mutex
	idle []*server
	all  []*server // that are shared
}

// of is a server with the configuration and the trust of the case, until the test ends.
func (p *servers) of(t *testing.T, s *vectors.Scene, questions []vectors.Question) *server {
	t.Helper()
	if !s.Shares(questions) {
		own := p.start(t, s.World, s)
		t.Cleanup(func() { own.end(t) })
		own.showLog(t, 0)
		return own
	}
	shared := p.take()
	if shared == nil {
		shared = p.start(t, p.env, s)
		p.mu.Lock()
		p.all = append(p.all, shared)
		p.mu.Unlock()
		shared.showLog(t, 0)
	} else {
		shared.showLog(t, len(shared.process.Log()))
		shared.configure(t, s)
	}
	t.Cleanup(func() { p.release(shared) })
	return shared
}

// take is a server that no case uses now, or nil.
func (p *servers) take() *server {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s
}

func (p *servers) release(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
}

// end ends the shared servers.
func (p *servers) end(t *testing.T) {
	t.Helper()
	for _, s := range p.all {
		s.end(t)
	}
}

// options configure a server for the case.
func options(t *testing.T, s *vectors.Scene) rig.ProviderOptions {
	t.Helper()
	binary, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	return rig.ProviderOptions{
		Binary: binary,
		Trust:  s.Trust,
		Edit: func(c *config.Config) {
			c.Reload = config.Duration(200 * time.Millisecond) // a look costs a millisecond, and each case waits for one twice
			if err := s.Configure(c); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// start starts a server with the case's configuration in an environment, which has the certificates.
func (p *servers) start(t *testing.T, env *rig.Env, s *vectors.Scene) *server {
	t.Helper()
	process, err := env.Provider(t.Context(), options(t, s))
	if err != nil {
		t.Fatal(err)
	}
	started := &server{process: process, asker: process.GatekeeperClient(), secrets: map[string]string{}}
	started.keepSecret(t, s)
	started.asker.Timeout = 20
	if p.engines {
		// The engine reads the certificate once.
		started.engine, err = admission.Open(t.Context(), env, t.TempDir(), started.asker.URL, started.asker.Timeout, everything)
		if err != nil {
			t.Fatal(err)
		}
	}
	return started
}

// configure gives the server the configuration and the trust of another case.
func (s *server) configure(t *testing.T, scene *vectors.Scene) {
	t.Helper()
	s.keepSecret(t, scene)
	if err := s.process.Reconfigure(t.Context(), options(t, scene)); err != nil {
		t.Fatal(err)
	}
}

// keepSecret has end look for the passwords of the case.
func (s *server) keepSecret(t *testing.T, scene *vectors.Scene) {
	for _, secret := range scene.Secrets() {
		s.secrets[secret] = t.Name()
	}
}

// end ends the server. Its log must hold no password, and nothing that the race detector found.
func (s *server) end(t *testing.T) {
	t.Helper()
	if s.engine != nil {
		s.engine.Close()
	}
	s.asker.Close()
	if err := s.process.Kill(); err != nil {
		t.Error(err)
	}
	for secret, of := range s.secrets {
		if strings.Contains(s.process.Log(), secret) {
			t.Errorf("the log holds the password %q of %s", secret, of)
		}
	}
}

// showLog shows what the server has logged after the first bytes, where the case fails.
func (s *server) showLog(t *testing.T, before int) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.process.Log()[before:])
		}
	})
}
