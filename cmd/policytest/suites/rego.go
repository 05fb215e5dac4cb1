package suites

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"

	"gitlab.com/ska-telescope/notation-provider/policies/lib"
	"gitlab.com/ska-telescope/notation-provider/policies/template"
)

// staleTemplate is the failure of a suite beside a policy whose template.yaml the policy does not make. It is false where
// there is none, and where no test of the suite ran: the Rego tests read the policy itself.
func staleTemplate(folder string, ran []verify.TestResult) (verify.TestResult, bool) {
	if !slices.ContainsFunc(ran, func(test verify.TestResult) bool { return !test.Skipped }) {
		return verify.TestResult{}, false
	}
	err := template.Current(folder, lib.Files)
	return verify.TestResult{Name: template.TemplateFile, Error: err}, err != nil
}

// regoTests runs the Rego tests of a policy beside the suite. It is false where there are none.
func (r *Runner) regoTests(ctx context.Context, folder string) (verify.TestResult, bool) {
	result := verify.TestResult{Name: template.TestFile}
	if !r.Filter.MatchesTest(&verify.Test{Name: result.Name}) {
		return result, false
	}
	begun := time.Now()
	tests, err := template.Test(ctx, folder, lib.Files)
	if errors.Is(err, fs.ErrNotExist) {
		return result, false
	}
	result.Error, result.Runtime = err, verify.Duration(time.Since(begun))
	for _, test := range tests {
		one := verify.CaseResult{Name: test.Name, Error: test.Err, Runtime: verify.Duration(test.Took)}
		one.Skipped = !r.Filter.MatchesCase(result.Name, test.Name)
		if one.Skipped {
			one.Error = nil
		}
		result.CaseResults = append(result.CaseResults, one)
	}
	return result, true
}
