package suites

import (
	"errors"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// recordedTimeout is generous, in seconds: a busy machine is no finding.
const recordedTimeout = 60

// Sources are those who can answer.
type Sources struct {
	Live     []engine.Provider // count before recorded ones of the same name
	Identity *engine.Identity  // shown to live providers; nil for none
	Recorded *ReplayServer
	Record   func(engine.Call) // is given each answer of a live provider; nil is fine
}

// Session is the conversation of one engine with the providers that answer it: live ones, and recorded verdicts. It holds a
// test to the answers it was written for: a question without an answer fails the test, whatever its template makes of that.
type Session struct {
	sources  Sources
	scene    *verdicts.Scene
	open     *openScene
	file     string // where missing answers can be written
	recorded []engine.Provider
	asked    asked // since the last Check
	problems []error
}

// asked is what recorded providers were asked: their names, and the keys of them all.
type asked struct{ providers, keys []string }

func (a *asked) note(call engine.Call) {
	if len(call.Keys) > 0 && !slices.Contains(a.providers, call.Provider) {
		a.providers = append(a.providers, call.Provider)
	}
	for _, key := range call.Keys {
		if !slices.Contains(a.keys, key) {
			a.keys = append(a.keys, key)
		}
	}
}

// Open begins a session. Errors about missing answers name the file, where they can be written.
func (s Sources) Open(scene *verdicts.Scene, file string) *Session {
	session := &Session{sources: s, scene: scene, file: file, open: s.Recorded.open(scene)}
	for _, name := range scene.Providers() {
		if !session.live(name) {
			session.recorded = append(session.recorded, engine.Provider{Name: name, URL: session.open.urlOf(name), CABundle: s.Recorded.CA(), Timeout: recordedTimeout})
		}
	}
	return session
}

// Close ends the session.
func (s *Session) Close() { s.open.close() }

// play changes what the recorded providers answer from now on.
func (s *Session) play(scene *verdicts.Scene) {
	s.scene = scene
	s.open.play(scene)
}

// Options are those of the session's engine.
func (s *Session) Options() engine.Options {
	return engine.Options{
		Providers: slices.Concat(s.sources.Live, s.recorded),
		Identity:  s.sources.Identity,
		Observe:   s.observe,
	}
}

func (s *Session) live(name string) bool { return named(s.sources.Live, name) }

func named(providers []engine.Provider, name string) bool {
	return slices.ContainsFunc(providers, func(p engine.Provider) bool { return p.Name == name })
}

// observe holds a call against what is known.
func (s *Session) observe(call engine.Call) {
	switch {
	case s.live(call.Provider):
		s.heard(call)
	case named(s.recorded, call.Provider):
		s.compare(call)
	}
}

// heard takes down what a live provider said. Where it said nothing, a test that wants a refusal would pass by accident.
func (s *Session) heard(call engine.Call) {
	if call.Failed() {
		s.problem("provider %q did not answer: %s", call.Provider, call.Response.SystemError)
		return
	}
	if s.sources.Record != nil {
		s.sources.Record(call)
	}
}

func (s *Session) compare(call engine.Call) {
	s.asked.note(call)
	mayFail := false
	for _, key := range call.Keys {
		answer, ok := s.scene.Answer(call.Provider, key)
		if !ok {
			s.problem("provider %q is asked about %q, and %s has no answer for it, and no default that fits", call.Provider, key, s.scene.Path)
		}
		mayFail = mayFail || answer.MayFail()
	}
	if call.Failed() && !mayFail {
		s.problem("the recorded provider %q did not answer: %s", call.Provider, call.Response.SystemError)
	}
}

func (s *Session) problem(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(s.problems, func(known error) bool { return known.Error() == err.Error() }) {
		s.problems = append(s.problems, err)
	}
}

// Check is called after each review with its error, and returns all that went wrong in it.
func (s *Session) Check(err error) error {
	problems := s.problems
	s.problems, s.asked = nil, asked{}
	if unknown, ok := errors.AsType[*engine.UnknownProviderError](err); ok {
		err = fmt.Errorf("provider %q is asked about %q, and nothing describes it: %swrite its answers into %s, or give --provider %s=https://…",
			unknown.Name, unknown.Keys, s.meant(unknown.Name), s.file, unknown.Name)
	}
	return errors.Join(append(problems, err)...)
}

// meant names the provider that is described and that was most likely meant, or is "".
func (s *Session) meant(name string) string {
	described := s.scene.Providers()
	for _, live := range s.sources.Live {
		described = append(described, live.Name)
	}
	if near := spelling.Nearest(name, described); near != "" {
		return fmt.Sprintf("did you mean %q, which is described? Else ", near)
	}
	return ""
}
