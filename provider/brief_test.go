package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

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
		if got := provider.Brief(tc.text, 10); got != tc.want {
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
		got := provider.Brief(text, limit)
		inJSON, err := json.Marshal(got)
		escaped := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(inJSON)) // which slog leaves as they are
		if err != nil || len(escaped) > limit+2 || len(strconv.Quote(got)) > limit+2 || !utf8.ValidString(got) {
			t.Errorf("Brief(%q, %d) = %q", text, limit, got)
		}
	})
}

// Of many signatures a line has the one that decided, and how many it leaves out.
func TestALineHasTheSignaturesThatTellMost(t *testing.T) {
	var all []provider.Signature
	for i := range 18 {
		all = append(all, provider.Signature{Digest: digest.Digest(strconv.Itoa(i)), Reason: provider.Untrusted, Detail: strings.Repeat("x", 1000), Checks: make([]provider.Check, 9)})
	}
	all = append(all, provider.Signature{Digest: "unknown", Undecided: provider.CauseRegistry}, provider.Signature{Digest: "good", Reason: provider.Verified})
	before := slices.Clone(all)
	list, leftOut := provider.BriefSignatures(all)
	if len(list) != 2 || list[0].Digest != "good" || list[1].Digest != "unknown" || leftOut != 18 {
		t.Errorf("%+v and %d more; want the good one, the unknown one, and 18", list, leftOut)
	}
	for i := range all {
		if all[i].Digest != before[i].Digest {
			t.Fatal("the verdict's own list is sorted")
		}
	}
	list, leftOut = provider.BriefSignatures(all[:18])
	text, err := json.Marshal(list)
	if err != nil || len(list) != 2 || list[0].Digest != "0" || leftOut != 16 || len(text) > 600 {
		t.Errorf("%s and %d more; want the first two, shortly, and 16", text, leftOut)
	}
	if list, leftOut = provider.BriefSignatures(nil); len(list) != 0 || leftOut != 0 {
		t.Errorf("of none: %+v, %d", list, leftOut)
	}
}

// A defect is told with the beginning of its stack; all else shortly.
func TestABriefErrorTellsADefectAtMoreLength(t *testing.T) {
	long := errors.New(strings.Repeat("x", 9999))
	for cause, want := range map[provider.Cause]int{provider.CauseRegistry: provider.BriefError, provider.CauseInternal: provider.BriefDefect} {
		got := fmt.Sprint(provider.Undecided(cause, long, "down").Brief())
		if len(got) > want || len(got) < want-10 || !strings.HasPrefix(got, string(cause)+": down: xxx") {
			t.Errorf("at stage %s the error has %d bytes; want %d", cause, len(got), want)
		}
	}
}
