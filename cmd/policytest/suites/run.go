// Package suites runs gator's suites in gator's own runner, with external_data.
//
//   - [Find] reads suites, and [Runner.Run] runs them; [Print] and [PrintJSON] print what came of it.
//   - [Session] is the conversation of one engine with its providers: [Sources] are live ones, and a [ReplayServer] that
//     gives the recorded answers of verdicts.yaml.
package suites

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
)

// Runner runs suites, one at a time.
type Runner struct {
	Sources Sources
	Filter  verify.Filter
	Trace   bool

	// AllowFailOpen lets a template admit what no provider answered for. See failsClosed.
	AllowFailOpen bool

	// AsOf is the time that templates see; zero is now.
	AsOf time.Time
}

// Run runs one suite.
func (r *Runner) Run(ctx context.Context, found Found) verify.SuiteResult {
	if found.Err != nil {
		return verify.SuiteResult{Path: found.Path, Error: found.Err}
	}
	run := &suiteRun{Runner: r, file: filepath.Join(filepath.Dir(found.Path), verdicts.Name)}
	defer run.close()
	if err := run.read(found.Suite); err != nil {
		return verify.SuiteResult{Path: found.Path, Error: err}
	}
	if err := checkCases(found.Suite); err != nil && !found.Suite.Skip {
		return verify.SuiteResult{Path: found.Path, Error: err}
	}
	runner, err := verify.NewRunner(root, run.client, verify.IncludeTrace(r.Trace))
	if err != nil {
		return verify.SuiteResult{Path: found.Path, Error: err}
	}
	result := runner.Run(ctx, run, found.Suite)
	if test, ok := staleTemplate(filepath.Dir(found.Path), result.TestResults); ok && !result.Skipped && result.Error == nil {
		result.TestResults = append(result.TestResults, test)
	}
	if test, ok := r.regoTests(ctx, filepath.Dir(found.Path)); ok && !result.Skipped && result.Error == nil {
		result.TestResults = append(result.TestResults, test)
		result.Runtime += test.Runtime
	}
	return result
}

// suiteRun is one run of one suite. The runner does not tell a client what it is for. But it asks its filter of each test
// and each case just before it runs them, so the filter knows.
type suiteRun struct {
	*Runner
	file     string         // verdicts.yaml
	verdicts *verdicts.File // nil: there is none
	test     string
	current  string // the case
	session  *Session
}

var _ verify.Filter = (*suiteRun)(nil)

// MatchesTest notes the test that is run next.
func (s *suiteRun) MatchesTest(test *verify.Test) bool {
	s.test, s.current = test.Name, ""
	return s.Filter.MatchesTest(test)
}

// MatchesCase notes the case that is run next.
func (s *suiteRun) MatchesCase(test, name string) bool {
	s.test, s.current = test, name
	return s.Filter.MatchesCase(test, name)
}

func (s *suiteRun) read(suite *verify.Suite) error {
	file, err := verdicts.Read(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	played, err := names(suite)
	if err != nil {
		return err
	}
	if unplayed := file.Unplayed(played); len(unplayed) > 0 {
		return fmt.Errorf("%s: no suite here has a case or test for the scenes %q", s.file, unplayed)
	}
	s.verdicts = file
	return nil
}

// client makes the client of the current case.
func (s *suiteRun) client(opts ...gator.Opt) (gator.Client, error) {
	s.close()
	scene := &verdicts.Scene{Path: s.file}
	if s.verdicts != nil {
		scene = s.verdicts.Scene(s.test, s.current)
	}
	s.session = s.Sources.Open(scene, s.file)
	options := s.session.Options()
	options.Trace, options.AsOf = s.Trace, s.AsOf
	client, err := engine.NewClient(options, opts...)
	if err != nil {
		return nil, err
	}
	return &checked{client, s.session, s.AllowFailOpen}, nil
}

func (s *suiteRun) close() {
	if s.session != nil {
		s.session.Close()
		s.session = nil
	}
}
