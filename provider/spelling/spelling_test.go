package spelling_test

import (
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

func TestNearestWord(t *testing.T) {
	known := []string{"level", "override", "verifyTimestamp"}
	for _, tc := range []struct{ word, want string }{
		{"verifyTimestmp", "verifyTimestamp"}, {"VERIFYTIMESTAMP", "verifyTimestamp"}, {"levle", "level"}, {"lvl", "level"}, {"overrides", "override"},
		{"x", ""}, {"trustStores", ""}, {"", ""}, {strings.Repeat("level", 1000), ""},
	} {
		if got := spelling.Nearest(tc.word, known); got != tc.want {
			t.Errorf("%.40q is taken for %q, want %q", tc.word, got, tc.want)
		}
	}
	if near, far := spelling.Advice("levle", known), spelling.Advice("colour", known); near != `did you mean "level"?` || far != "write one of level, override, verifyTimestamp" {
		t.Errorf("advice %q and %q", near, far)
	}
}

// Some keys have an ending that says their kind, and those who do not know it leave it out.
func TestTheNearestWordMayBeALongerOne(t *testing.T) {
	known := []string{"host", "caFile", "caOnly", "plainHTTPUnsafe", "certFile"}
	for _, tc := range []struct{ word, want string }{
		{"plainHTTP", "plainHTTPUnsafe"}, {"PLAINHTTP", "plainHTTPUnsafe"}, {"cert", "certFile"}, {"hostname", "host"}, {"certFilePath", "certFile"},
		{"ca", ""}, {"c", ""}, {"", ""}, {"plaintext", ""},
	} {
		if got := spelling.Nearest(tc.word, known); got != tc.want {
			t.Errorf("%q is taken for %q, want %q", tc.word, got, tc.want)
		}
	}
	if got := spelling.Nearest("client", []string{"clientCAFile", "clientNames"}); got != "" {
		t.Errorf("one of two is taken: %q", got)
	}
}
