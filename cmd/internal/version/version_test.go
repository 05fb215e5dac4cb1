package version

import (
	"regexp"
	"runtime/debug"
	"testing"
)

// The chart and the tag of the image take nothing else (semver.org, without build metadata, which tags cannot have).
func TestTheNumberIsASemanticVersion(t *testing.T) {
	if !regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9a-z.]+)?$`).MatchString(Number) {
		t.Errorf("%q is no version such as 1.2.3 or 1.2.3-rc.1", Number)
	}
}

func TestCommitIsNamedWhereGitWas(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"without Git", []debug.BuildSetting{{Key: "-trimpath", Value: "true"}}, ""},
		{"as committed", []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}, "abc"},
		{"changed since", []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}, "abc-dirty"},
	} {
		if got := commit(c.settings); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTextNamesTheCommandAndItsVersion(t *testing.T) {
	if got := (Info{Version: "1.2.3", Go: "go1.26"}).Text("x"); got != "x 1.2.3 (go1.26)\n" {
		t.Errorf("got %q", got)
	}
	if got := (Info{Version: "1.2.3", Commit: "abc", Go: "go1.26"}).Text("x"); got != "x 1.2.3 (commit abc, go1.26)\n" {
		t.Errorf("got %q", got)
	}
	if got := Read(); got.Version != Number || got.Go == "" {
		t.Errorf("got %+v", got)
	}
}
