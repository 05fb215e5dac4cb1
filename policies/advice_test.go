package policies_test

import (
	"os"
	"regexp"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// What the message says to do is what the provider's README says, for every reason and every stage there is.
func TestTheAdviceIsTheReadmes(t *testing.T) {
	readme, err := os.ReadFile("../provider/README.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| .* \\| (.*) \\|$").FindAllSubmatch(readme, -1) {
		written[string(row[1])] = string(row[2])
	}
	findings := map[string]any{}
	for _, reason := range provider.Reasons() {
		if reason != provider.Verified {
			findings[string(reason)] = map[string]any{"reason": reason, "detail": "x"}
		}
	}
	for _, stage := range provider.Causes() {
		findings[string(stage)] = map[string]any{"reason": "undecided", "detail": stage + ": x"}
	}
	advice := evaluate(t, "{name: data.lib.advice.on(finding) | some name, finding in input}", findings).(map[string]any)
	for name := range findings {
		if advice[name] != written[name] || written[name] == "" {
			t.Errorf("%s: the policies advise %q, provider/README.md %q", name, advice[name], written[name])
		}
	}
}
