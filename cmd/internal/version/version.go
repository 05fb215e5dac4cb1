// Package version says which version of the product a command is. [Number] is the one place where it is written: make
// generate stamps it into Dockerfile and the chart, and make verify fails where they differ.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Number is the version, by the rules of semver.org and without the "v" of its Git tag.
const Number = "0.1.0"

// Info is what a command says about itself.
type Info struct {
	Version string `json:"version"`
	// Commit is the Git commit that the Go tool stamped, with "-dirty" if files were changed since. It is empty in images,
	// which are built without Git so that their bytes do not depend on it; their label org.opencontainers.image.revision has it.
	Commit string `json:"commit,omitempty"`
	// Go is the version of the compiler.
	Go string `json:"go"`
}

// Read returns what this program is.
func Read() Info {
	info := Info{Version: Number, Go: runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		info.Commit = commit(build.Settings)
	}
	return info
}

// commit is empty for a program that was built without Git.
func commit(settings []debug.BuildSetting) string {
	var revision, changed string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "-dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + changed
}

// Text is one line for people: "notation-pki 0.1.0 (go1.26.8)".
func (i Info) Text(command string) string {
	from := i.Go
	if i.Commit != "" {
		from = "commit " + i.Commit + ", " + i.Go
	}
	return fmt.Sprintf("%s %s (%s)\n", command, i.Version, from)
}
