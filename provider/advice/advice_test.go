package advice_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
)

// Each reason but verified, and each cause, has words: a name, and something that a developer can do.
func TestEachOutcomeHasWords(t *testing.T) {
	var names []string
	for _, outcome := range advice.Table() {
		names = append(names, outcome.Name)
		if last := outcome.Cases[len(outcome.Cases)-1]; last.Begins != "" {
			t.Errorf("%s: no case fits every detail", outcome.Name)
		}
		for i, c := range outcome.Cases {
			if c.Is == "" || c.You == "" || c.Means == "" {
				t.Errorf("%s: the case %q lacks words", outcome.Name, c.Begins)
			}
			for _, before := range outcome.Cases[:i] {
				if strings.HasPrefix(c.Begins, before.Begins) {
					t.Errorf("%s: %q hides %q", outcome.Name, before.Begins, c.Begins)
				}
			}
		}
	}
	var want []string
	for _, reason := range provider.Reasons() {
		if reason != provider.Verified {
			want = append(want, string(reason))
		}
	}
	for _, cause := range provider.Causes() {
		want = append(want, advice.Undecided+"/"+string(cause))
	}
	for _, name := range want {
		if !slices.Contains(names, name) {
			t.Errorf("the table has no %s", name)
		}
	}
	if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a name is there twice: %q", names)
	}
}

// The words are plain: no words that the house does not use, no placeholder that is not filled, no full stop of its own.
func TestWordsArePlain(t *testing.T) {
	banned := regexp.MustCompile(`(?i)\b(anew|whoever|nobody|whatever|lest)\b`)
	values := advice.ValuesOf("skao.int/x:1", "sha256:12")
	values.Request = "K7"
	for _, outcome := range advice.Table() {
		for _, c := range outcome.Cases {
			for _, text := range []string{c.Is, c.You, c.Platform, c.Means} {
				if word := banned.FindString(text); word != "" || strings.HasSuffix(text, ".") || strings.ContainsAny(values.Fill(text), "{}\n") {
					t.Errorf("%s: %q", outcome.Name, text)
				}
			}
		}
	}
}

func TestADetailChoosesTheWords(t *testing.T) {
	for _, tc := range []struct{ detail, want string }{
		{provider.DetailSignatureEnded + "2027-03-01 12:00:00 UTC", "--expiry"},
		{provider.DetailUnstamped + "2027-03-01 12:00:00 UTC: \"x\"", "--timestamp-url"},
		{"in other words", "with the current certificate"},
	} {
		if got := advice.Of(provider.Expired, "", tc.detail).You; !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q; want %q in it", tc.detail, got, tc.want)
		}
	}
	if got := advice.Of(provider.Unsigned, "", "x").Is; got != "is not signed" {
		t.Errorf("unsigned: %q", got)
	}
	if got := advice.Of("", provider.CauseCredentials, "x").Platform; !strings.Contains(got, "dockerConfigs") {
		t.Errorf("credentials: %q", got)
	}
	for _, outcome := range advice.Table() { // the provider that a constraint names may be none
		if text := outcome.Cases[0].Platform; outcome.Name == advice.Unavailable && !strings.Contains(text, "whether the constraint names it correctly") {
			t.Errorf("unavailable: %q", text)
		}
	}
	if got := advice.Of("new", "", "x"); got != advice.Unknown() {
		t.Errorf("what is not in the table: %+v", got)
	}
}

func TestPlaceholdersAreFilled(t *testing.T) {
	const text = "{image} {subject} {host} {repository} {request}"
	for _, c := range []struct{ image, digest, want string }{
		{"skao.int/x:1", "", "skao.int/x:1 skao.int/x:1 skao.int skao.int/x K7"},
		{"skao.int/x:1", "sha256:12", "skao.int/x:1 skao.int/x@sha256:12 skao.int skao.int/x K7"},
		{"{host}", "", "{host} {host}   K7"},
	} {
		values := advice.ValuesOf(c.image, c.digest)
		values.Request = "K7"
		if got := values.Fill(text); got != c.want {
			t.Errorf("%s: %q; want %q", c.image, got, c.want)
		}
	}
}

func TestTheHintIsBehindTheSemicolon(t *testing.T) {
	for _, tc := range []struct {
		detail string
		want   [2]string
	}{
		{"it is down", [2]string{"it is down", ""}},
		{"it is down; call; or wait", [2]string{"it is down", "call; or wait"}},
	} {
		if known, hint := advice.Split(tc.detail); known != tc.want[0] || hint != tc.want[1] {
			t.Errorf("%s: %q and %q", tc.detail, known, hint)
		}
	}
}
