package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// output is the form in which a verb prints its result. Progress and notes go to stderr, in words.
type output struct {
	form string
}

func addOutput(c *cobra.Command) *output {
	o := &output{}
	c.Flags().StringVarP(&o.form, "output", "o", "text", "text or json")
	return o
}

// check refuses a form that there is none of.
func (o *output) check() error {
	if o.form != "text" && o.form != "json" {
		return usageError("--output %q is neither text nor json", o.form)
	}
	return nil
}

// print writes a result as JSON, or lets it tell itself.
func (o *output) print(c *cobra.Command, result interface{ text() string }) error {
	if o.form == "json" {
		return printable.JSON(c.OutOrStdout(), result)
	}
	_, err := io.WriteString(c.OutOrStdout(), result.text())
	return err
}

// note tells something on the way.
func note(c *cobra.Command, format string, args ...any) {
	fmt.Fprintln(c.ErrOrStderr(), printable.Text(fmt.Sprintf(format, args...)))
}

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
