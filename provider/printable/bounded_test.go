package printable_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Text of others is cut in bytes, between characters, and an ellipsis shows it.
func TestCut(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", ""},
		{"0123456789", "0123456789"},
		{"0123456789a", "0123456…"},
		{`""""""""""`, `""""""""""`},
		{"a\x1b[2J\r\nb", "a\ufffd[2J…"},
		{"a\nb", "a\ufffdb"},
		{"äöüßé", "äöüßé"},
		{"äöüßéà", "äöü…"},
		{"\xff\xff\xff\xff", "\ufffd\ufffd…"},
	} {
		if got := printable.Cut(tc.text, 10); got != tc.want {
			t.Errorf("Cut(%q) = %q; want %q", tc.text, got, tc.want)
		}
	}
}

func FuzzCutIsPrintableAndBounded(f *testing.F) {
	for _, text := range []string{"", "plain", "\x00\x1b[2J\u2028\u202e\xff", strings.Repeat("é…", 50)} {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 3 || limit > 1000 {
			return
		}
		got := printable.Cut(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("Cut(%q, %d) = %q", text, limit, got)
		}
	})
}

func TestBriefTextIsPrintableAndNoLonger(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", ""},
		{"0123456789", "0123456789"},
		{"0123456789a", "0123456…"},
		{`""""""`, `"""…`}, // each is two bytes in a line
		{`"""""`, `"""""`},
		{"a\x1b[2J\r\nb", "a\ufffd[2J  b"},
		{"a\nb\tc", "a b c"},
		{"\xff\u202e", "\ufffd\ufffd"},
		{"äöüßé", "äöüßé"},
		{"äöüßéà", "äöü…"},
	} {
		if got := printable.Brief(tc.text, 10); got != tc.want {
			t.Errorf("Brief(%q) = %q; want %q", tc.text, got, tc.want)
		}
	}
}

func FuzzBriefTextIsBoundedAsItIsQuoted(f *testing.F) {
	for _, text := range []string{"", "plain", `\"\"\"`, "\x00\x1b[2J\u2028\u202e\xff", strings.Repeat("é…", 50)} {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 3 || limit > 1000 {
			return
		}
		got := printable.Brief(text, limit)
		inJSON, err := json.Marshal(got)
		escaped := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(inJSON)) // which slog leaves as they are
		if err != nil || len(escaped) > limit+2 || len(strconv.Quote(got)) > limit+2 || !utf8.ValidString(got) {
			t.Errorf("Brief(%q, %d) = %q", text, limit, got)
		}
	})
}
