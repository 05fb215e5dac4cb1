package logging_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// Of many signatures a line has the one that decided, and how many it leaves out.
func TestALineHasTheDecisiveSignatures(t *testing.T) {
	var all []provider.Signature
	for i := range 18 {
		all = append(all, provider.Signature{Digest: digest.Digest(strconv.Itoa(i)), Reason: provider.Untrusted, Detail: strings.Repeat("x", 1000), Checks: make([]provider.Check, 9)})
	}
	all = append(all, provider.Signature{Digest: "unknown", Undecided: provider.CauseRegistry}, provider.Signature{Digest: "good", Reason: provider.Verified})
	before := slices.Clone(all)
	text, leftOut := logging.Signatures(all)
	if text != "good verified; unknown undecided: registry" || leftOut != 18 {
		t.Errorf("%q and %d more; want the good one, the unknown one, and 18", text, leftOut)
	}
	for i := range all {
		if all[i].Digest != before[i].Digest {
			t.Fatal("the verdict's own list is sorted")
		}
	}
	text, leftOut = logging.Signatures(all[:18])
	if !strings.HasPrefix(text, "0 untrusted: xxx") || strings.Count(text, "; ") != 1 || leftOut != 16 || len(text) > 600 {
		t.Errorf("%q and %d more; want the first two, briefly, and 16", text, leftOut)
	}
	if text, leftOut = logging.Signatures(nil); text != "" || leftOut != 0 {
		t.Errorf("of none: %q, %d", text, leftOut)
	}
}

// A defect is told with the beginning of its stack; all else shortly.
func TestABriefErrorTellsADefectAtMoreLength(t *testing.T) {
	long := errors.New(strings.Repeat("x", 9999))
	for _, tc := range []struct {
		cause provider.Cause
		want  int
	}{{provider.CauseRegistry, 600}, {provider.CauseInternal, 1500}} {
		got := logging.Undecided(provider.Undecided(tc.cause, long, "down"))
		if len(got) > tc.want || len(got) < tc.want-10 || !strings.HasPrefix(got, string(tc.cause)+": down: xxx") {
			t.Errorf("at cause %s the error has %d bytes; want %d", tc.cause, len(got), tc.want)
		}
	}
}
