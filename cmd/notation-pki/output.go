package main

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// output is the form in which a verb prints its result. Progress and notes go to stderr, in words.
type output struct{ *cli.Output }

func addOutput(c *cobra.Command) *output { return &output{cli.AddOutput(c)} }

// check is for verbs that check all their flags at once; the flag itself refuses what it does not know.
func (o *output) check() error { return nil }

// print writes a result as JSON, or its text.
func (o *output) print(c *cobra.Command, result interface{ text() string }) error {
	if o.JSON() {
		return printable.JSON(c.OutOrStdout(), result)
	}
	_, err := io.WriteString(c.OutOrStdout(), result.text())
	return err
}

// note prints something on the way.
func note(c *cobra.Command, format string, args ...any) { cli.Note(c, format, args...) }

// inside tells whether a path is a folder, or below it, whichever way they are written.
func inside(path, folder string) bool {
	if path == "" {
		return false
	}
	way, err := filepath.Rel(whole(folder), whole(path))
	return err == nil && way != ".." && !strings.HasPrefix(way, "../")
}

// whole is an absolute path without symlinks, as far as it leads to what is there.
func whole(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(whole(parent), filepath.Base(path))
	}
	return path
}
