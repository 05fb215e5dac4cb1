package suites

import (
	"fmt"
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
	for i := range results {
		ran += tallyOf(&results[i]).ran
	}
	return ran
}

// tally is how many cases of a suite were run, how many of those failed, and how many were skipped. A test that is run for an
// invalid constraint has no cases, and counts as one.
type tally struct{ ran, failed, skipped int }

func tallyOf(suite *verify.SuiteResult) tally {
	var t tally
	for _, test := range suite.TestResults {
		if !test.Skipped && len(test.CaseResults) == 0 {
			t.count(false, test.IsFailure())
		}
		for _, c := range test.CaseResults {
			t.count(test.Skipped || c.Skipped, c.IsFailure())
		}
	}
	return t
}

func (t *tally) count(skipped, failed bool) {
	switch {
	case skipped:
		t.skipped++
		return
	case failed:
		t.failed++
	}
	t.ran++
}

func (t tally) String() string {
	text := fmt.Sprintf("%d cases", t.ran)
	if t.ran == 1 {
		text = "1 case"
	}
	if t.failed > 0 {
		text += fmt.Sprintf(", %d failed", t.failed)
	}
	if t.skipped > 0 {
		text += fmt.Sprintf(", %d skipped", t.skipped)
	}
	return text
}

// Print prints as gator does, and how many cases each suite has: a suite that lost its cases would pass as well.
func Print(out io.Writer, results []verify.SuiteResult, verbose bool) error {
	var b strings.Builder
	for i := range results {
		suite := &results[i]
		var one strings.Builder
		if err := (verify.PrinterGo{}).PrintSuite(&one, suite, verbose); err != nil {
			return err
		}
		last := fmt.Sprintf("\t%s\t%v\n", suite.Path, suite.Runtime)
		b.WriteString(strings.Replace(one.String(), last, fmt.Sprintf("%s\t%s\n", strings.TrimSuffix(last, "\n"), tallyOf(suite)), 1))
	}
	if Failed(results) {
		b.WriteString("FAIL\n")
	} else {
		b.WriteString("PASS\n")
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
