// Command stamp writes the version into the files that must name it: Dockerfile and the chart. With -check it changes
// nothing, and fails if one of them names another. Run it in the root of the repository.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file names another version")
	flag.Parse()
	if err := run(*check, version.Number); err != nil {
		fmt.Fprintln(os.Stderr, "stamp:", err)
		os.Exit(1)
	}
}

// place is a line of a file that names the version.
type place struct {
	file string
	// line has the version in its second group.
	line *regexp.Regexp
	// optional files need not be there: the tree may be a part of the repository, as in an image's build stage.
	optional bool
}

// largest is the most bytes that a file of the repository has.
const largest = 1 << 20

const chart = "charts/notation-provider/Chart.yaml"

func places() []place {
	return []place{
		{"Dockerfile", regexp.MustCompile(`(?m)^(ARG VERSION=)(\S+)()$`), false},
		{chart, regexp.MustCompile(`(?m)^(version: *"?)([^"\s]*)("?)$`), true},
		{chart, regexp.MustCompile(`(?m)^(appVersion: *"?)([^"\s]*)("?)$`), true},
		{"charts/notation-provider/examples/crl/crl.yaml", regexp.MustCompile(`(?m)^( *image: &image \S+:)(\S+)()$`), true},
	}
}

// run stamps the version, or checks that it is there.
func run(check bool, number string) error {
	var failed []error
	for _, p := range places() {
		failed = append(failed, p.stamp(check, number))
	}
	return errors.Join(append(failed, changelog(number))...)
}

func (p place) stamp(check bool, number string) error {
	text, err := regularfile.Read(p.file, largest)
	if p.optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if n := len(p.line.FindAll(text, -1)); n != 1 {
		return fmt.Errorf("%s: %d lines match %s, want one", p.file, n, p.line)
	}
	want := p.line.ReplaceAll(text, []byte("${1}"+number+"${3}"))
	switch {
	case bytes.Equal(text, want):
		return nil
	case check:
		return fmt.Errorf("%s: %q does not name version %s: run make generate", p.file, p.line.Find(text), number)
	}
	return os.WriteFile(p.file, want, 0o644) //nolint:gosec // source files are for everyone to read
}

// changelog wants the version's own section, which only people can write.
func changelog(number string) error {
	text, err := regularfile.Read("CHANGELOG.md", largest)
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(number) + `( |$)`).Match(text) {
		return fmt.Errorf("CHANGELOG.md: there is no section %q: say there what is new", "## "+number)
	}
	return nil
}
