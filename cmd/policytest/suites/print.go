package suites

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Failed tells whether anything failed.
func Failed(results []verify.SuiteResult) bool {
	return slices.ContainsFunc(results, func(r verify.SuiteResult) bool { return r.IsFailure() })
}

// Ran counts the cases that were run, and the tests that are run for an invalid constraint.
func Ran(results []verify.SuiteResult) int {
	ran := 0
	for _, suite := range results {
		for _, test := range suite.TestResults {
			if !test.Skipped && len(test.CaseResults) == 0 {
				ran++
			}
			for _, c := range test.CaseResults {
				if !c.Skipped {
					ran++
				}
			}
		}
	}
	return ran
}

// Print prints as gator does.
func Print(out io.Writer, results []verify.SuiteResult, verbose bool) error {
	var b strings.Builder
	if err := (verify.PrinterGo{}).Print(&b, results, verbose); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// The report, for programs. gator has none, so it is ours.
type (
	report struct {
		Pass   bool          `json:"pass"`
		Suites []suiteReport `json:"suites"`
	}
	suiteReport struct {
		Path string `json:"path"`
		outcome
		Tests []testReport `json:"tests"`
	}
	testReport struct {
		Name string `json:"name"`
		outcome
		Cases []caseReport `json:"cases"`
	}
	caseReport struct {
		Name string `json:"name"`
		outcome
		Print string `json:"print,omitempty"`
		Trace string `json:"trace,omitempty"`
	}
	// outcome is what each level comes to.
	outcome struct {
		Result  string  `json:"result"` // pass, fail or skip
		Error   string  `json:"error,omitempty"`
		Seconds float64 `json:"seconds"`
	}
)

func outcomeOf(skipped, failed bool, err error, took verify.Duration) outcome {
	o := outcome{Result: "pass", Seconds: time.Duration(took).Seconds()}
	switch {
	case skipped:
		o.Result = "skip"
	case failed:
		o.Result = "fail"
	}
	if err != nil {
		o.Error = err.Error()
	}
	return o
}

// PrintJSON prints the report.
func PrintJSON(out io.Writer, results []verify.SuiteResult) error {
	r := report{Pass: !Failed(results), Suites: []suiteReport{}}
	for _, suite := range results {
		r.Suites = append(r.Suites, suiteReport{suite.Path, outcomeOf(suite.Skipped, suite.IsFailure(), suite.Error, suite.Runtime), tests(suite)})
	}
	return printable.JSON(out, r)
}

func tests(suite verify.SuiteResult) []testReport {
	all := []testReport{}
	for _, test := range suite.TestResults {
		cases := []caseReport{}
		for _, c := range test.CaseResults {
			trace := ""
			if c.Trace != nil {
				trace = *c.Trace
			}
			cases = append(cases, caseReport{c.Name, outcomeOf(c.Skipped, c.IsFailure(), c.Error, c.Runtime), c.Print, trace})
		}
		all = append(all, testReport{test.Name, outcomeOf(test.Skipped, test.IsFailure(), test.Error, test.Runtime), cases})
	}
	return all
}
