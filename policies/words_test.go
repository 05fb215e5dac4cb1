package policies_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
)

var update = flag.Bool("update", false, "write lib/words/words.rego and the table of reasons in README.md")

// The words of denials are the provider's: lib/words is written from its table, and not by hand.
func TestTheWordsAreTheProviders(t *testing.T) {
	const path = "lib/words/words.rego"
	want, err := format.SourceWithOpts(path, []byte(wordsInRego(t)), format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	upToDate(t, path, string(want))
}

// upToDate compares a file with what it should hold, or writes it with -update.
func upToDate(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != want {
		t.Errorf("%s is out of date: run make generate", path)
	}
}

// The README's table of the policies' own reasons is written from the same table.
func TestTheReadmeHasTheReasons(t *testing.T) {
	const path, begin, end = "README.md", "<!-- generated: reasons -->\n", "<!-- end -->"
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(have), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part for the reasons", path)
	}
	upToDate(t, path, before+begin+"| reason | it means | the developer | the platform team |\n|---|---|---|---|\n"+ownReasons()+end+after)
}

// ownReasons are rows for what the provider does not say: an outcome without a cause that is none of its reasons.
func ownReasons() string {
	var b strings.Builder
	for _, outcome := range advice.Table() {
		if strings.Contains(outcome.Name, "/") || slices.Contains(provider.Reasons(), provider.Reason(outcome.Name)) {
			continue
		}
		for _, c := range outcome.Cases {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", outcome.Name, c.Means, c.You, c.Platform)
		}
	}
	return b.String()
}

func wordsInRego(t *testing.T) string {
	t.Helper()
	return `# METADATA
# title: Words
# description: |
#   What is said of each way in which an image is not verified, and of a name that is none. It is written from the Go packages
#   provider/advice and provider: do not edit it, run make generate.
package lib.words

# METADATA
# description: |
#   The cases of each outcome, by its name, as [beginning, claim, you, platformTeam]. The first with whose beginning a detail begins
#   is the one.
outcomes := {
` + outcomeRows(t) + `}

# METADATA
# description: |
#   Which part of a name is wrong, as [condition, unless, problem]. The first counts whose condition matches and whose unless does
#   not.
names := [
` + nameRows(t) + "]\n"
}

// outcomeRows are rows in place of objects with names: a template has them many times over in a cluster.
func outcomeRows(t *testing.T) string {
	t.Helper()
	rows := map[string]string{}
	for _, outcome := range advice.Table() {
		for _, c := range outcome.Cases {
			rows[outcome.Name] += inJSON(t, []string{c.Begins, c.Is, c.You, c.Platform}) + ",\n"
		}
	}
	text := ""
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		text += inJSON(t, name) + ": [\n" + rows[name] + "],\n"
	}
	return text
}

func nameRows(t *testing.T) string {
	t.Helper()
	text := ""
	for _, rule := range provider.NameRules() {
		text += inJSON(t, []string{rule.If, rule.Unless, rule.Problem}) + ",\n"
	}
	return text
}

func inJSON(t *testing.T, value any) string {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A message fits into some lines of a terminal, for each outcome there is. It has at most 450 characters with the
// longest words, and fewer than 400 for most.
func TestMessagesAreShort(t *testing.T) {
	findings := map[string]any{}
	for _, outcome := range advice.Table() {
		reason, cause, _ := strings.Cut(outcome.Name, "/")
		for _, c := range outcome.Cases {
			digest := sha256
			if reason == advice.Undecided { // before the digest is known
				digest = ""
			}
			findings[outcome.Name+" "+c.Begins] = map[string]any{
				"reason": reason, "cause": cause, "detail": c.Begins + " 2027-03-01 12:00:00 UTC", "digest": digest, "remark": "", "request": "ABCDEFGHIJKL",
			}
		}
	}
	const message = `{name: msg |
		some name, finding in input.findings
		use := {"field": "containers", "container": "tango", "image": "harbor.skao.int/production/ska-tango:9.5.0"}
		msg := data.lib.denial.violation(use, finding, "").msg
	}`
	review := map[string]any{"kind": map[string]any{"kind": "Deployment"}, "namespace": "ska-low", "object": map[string]any{"metadata": map[string]any{"name": "tango"}}}
	said, _ := evaluate(t, message, map[string]any{"findings": findings, "review": review}).(map[string]any)
	long := 0
	for name := range findings {
		text, _ := said[name].(string)
		if n := utf8.RuneCountInString(text); n == 0 || n > 450 {
			t.Errorf("%s: %d characters: %s", name, n, text)
		} else if n > 400 {
			long++
		}
	}
	if long > len(findings)/4 {
		t.Errorf("%d of %d messages have more than 400 characters", long, len(findings))
	}
}
