// Package suites runs gator's suites in gator's own runner, with external_data.
package suites

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/internal/session"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/internal/verdicts"
)

// Runner runs suites, one at a time.
type Runner struct {
	Sources session.Sources
	Filter  verify.Filter
	Trace   bool
}

// Run runs one suite.
func (r *Runner) Run(ctx context.Context, found Found) verify.SuiteResult {
	if found.Err != nil {
		return verify.SuiteResult{Path: found.Path, Error: found.Err}
	}
	stage := &stage{Runner: r, file: filepath.Join(filepath.Dir(found.Path), verdicts.Name)}
	defer stage.close()
	if err := stage.read(found.Suite); err != nil {
		return verify.SuiteResult{Path: found.Path, Error: err}
	}
	if err := checkCases(found.Suite); err != nil && !found.Suite.Skip {
		return verify.SuiteResult{Path: found.Path, Error: err}
	}
	runner, err := verify.NewRunner(root, stage.client, verify.IncludeTrace(r.Trace))
	if err != nil {
		return verify.SuiteResult{Path: found.Path, Error: err}
	}
	return runner.Run(ctx, stage, found.Suite)
}

// stage is where one suite is run. The runner does not tell a client what it is for; but it asks its filter of each test
// and each case just before it runs them, so the filter knows.
type stage struct {
	*Runner
	file     string         // verdicts.yaml
	verdicts *verdicts.File // nil: there is none
	test     string
	current  string // the case
	session  *session.Session
}

var _ verify.Filter = (*stage)(nil)

// MatchesTest notes the test that is run next.
func (s *stage) MatchesTest(test *verify.Test) bool {
	s.test, s.current = test.Name, ""
	return s.Filter.MatchesTest(test)
}

// MatchesCase notes the case that is run next.
func (s *stage) MatchesCase(test, name string) bool {
	s.test, s.current = test, name
	return s.Filter.MatchesCase(test, name)
}

func (s *stage) read(suite *verify.Suite) error {
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
func (s *stage) client(opts ...gator.Opt) (gator.Client, error) {
	s.close()
	scene := &verdicts.Scene{Path: s.file}
	if s.verdicts != nil {
		scene = s.verdicts.Scene(s.test, s.current)
	}
	s.session = s.Sources.Open(scene, s.file)
	options := s.session.Options()
	options.Trace = s.Trace
	client, err := engine.NewClient(options, opts...)
	if err != nil {
		return nil, err
	}
	return &checked{client, s.session}, nil
}

func (s *stage) close() {
	if s.session != nil {
		s.session.Close()
		s.session = nil
	}
}

// checked is a client whose reviews fail where the session found something.
type checked struct {
	*engine.Client
	session *session.Session
}

// Review decides on an object.
func (c *checked) Review(ctx context.Context, object any, opts ...reviews.ReviewOpt) (*types.Responses, error) {
	responses, err := c.Client.Review(ctx, object, opts...)
	if err := c.session.Check(err); err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return responses, nil
}
