package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/policies/lib"
	"gitlab.com/ska-telescope/notation-provider/policies/template"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

func newGenerate() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "generate FOLDER...",
		Short: "Make the ConstraintTemplate of a policy",
		Long: `Writes template.yaml beside each policy.rego in the FOLDER, which is a policy's or holds
policies, and formats the Rego. The template has all of the policy library that the
policy imports as data.lib.PACKAGE; the library is part of this program.

It refuses what Gatekeeper would take and leave undefined, since such a rule denies
nothing: a library's full path in a body, a rule or parameter that there is not, a
violation without msg. And it loads the template into Gatekeeper's engine.

Exit codes: 0 done; 1 a policy is wrong, or with --check a file is out of date; 2 the
command line is wrong, or there is no policy in a FOLDER.`,
		Example: `  policytest generate signedpods
  policytest generate policies

  # In a pipeline: change nothing, and fail if a template is out of date.
  policytest generate policies --check`,
		Args: cli.SomeArgs,
	}
	c.Flags().BoolVar(&check, "check", false, "change nothing, and fail if a file is out of date")
	output := cli.AddOutput(c)
	c.RunE = func(c *cobra.Command, folders []string) error {
		write := put
		if check {
			write = refuse
		}
		all := generated{Files: []change{}}
		var failed []error
		for _, folder := range folders {
			changes, err := generateIn(c.Context(), folder, write)
			all.Files = append(all.Files, changes...)
			failed = append(failed, err)
		}
		if err := errors.Join(failed...); err != nil {
			return err
		}
		return output.Print(c, all)
	}
	return c
}

// generateIn makes the templates of the policies in a folder.
func generateIn(ctx context.Context, folder string, write func(string, []byte) error) ([]change, error) {
	policies, err := policiesIn(folder)
	if err != nil {
		return nil, err
	}
	var all []change
	var failed []error
	for _, policy := range policies {
		changes, err := generateOne(ctx, policy, write)
		all = append(all, changes...)
		failed = append(failed, err)
	}
	return all, errors.Join(failed...)
}

// policiesIn are the folders with a policy.rego: this one, or those in it.
func policiesIn(folder string) ([]string, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, cli.UsageError("%s is no folder; name a policy's, or one with policies in it", folder)
	}
	for _, pattern := range []string{template.PolicyFile, "*/" + template.PolicyFile} {
		files, err := fs.Glob(os.DirFS(folder), pattern)
		if err != nil {
			return nil, err
		}
		for i, file := range files {
			files[i] = filepath.Join(folder, filepath.Dir(file))
		}
		if len(files) > 0 {
			return files, nil
		}
	}
	return nil, cli.UsageError("there is no %s in %s, nor in a folder there; policytest new KIND writes one", template.PolicyFile, folder)
}

func generateOne(ctx context.Context, folder string, write func(string, []byte) error) ([]change, error) {
	var changes []change
	update := func(name string, text []byte) error {
		file := filepath.Join(folder, name)
		before, err := regularfile.Read(file, regularfile.MaxText)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		changed := err != nil || !bytes.Equal(before, text)
		changes = append(changes, change{file, changed})
		if !changed {
			return nil
		}
		return write(file, text)
	}
	for _, name := range []string{template.PolicyFile, template.TestFile} {
		text, err := regularfile.Read(filepath.Join(folder, name), regularfile.MaxText)
		if errors.Is(err, fs.ErrNotExist) && name == template.TestFile {
			continue
		}
		if err != nil {
			return changes, err
		}
		if text, err = template.Format(filepath.Join(folder, name), text); err != nil {
			return changes, err
		}
		if err := update(name, text); err != nil {
			return changes, err
		}
	}
	text, err := template.Generate(folder, lib.Files, "policytest generate")
	if err != nil {
		return changes, err
	}
	if err := loads(ctx, text); err != nil {
		return changes, fmt.Errorf("%s: Gatekeeper refuses the template: %w", folder, err)
	}
	return changes, update(template.TemplateFile, text)
}

// loads loads a template into Gatekeeper's engine.
func loads(ctx context.Context, text []byte) error {
	objects, err := engine.ParseObjects(template.TemplateFile, text)
	if err != nil {
		return err
	}
	e, err := engine.New(engine.Options{})
	if err != nil {
		return err
	}
	defer e.Close()
	return e.Load(ctx, objects...)
}

func put(file string, text []byte) error {
	return os.WriteFile(file, text, 0o644) //nolint:gosec // source files are for everyone to read
}

func refuse(file string, _ []byte) error {
	return fmt.Errorf("%s is out of date: run policytest generate %s", file, filepath.Dir(file))
}

// change is a file that generate is responsible for.
type change struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`
}

type generated struct {
	Files []change `json:"files"`
}

func (g generated) Text() string {
	var b strings.Builder
	for _, c := range slices.DeleteFunc(slices.Clone(g.Files), func(c change) bool { return !c.Changed }) {
		fmt.Fprintf(&b, "wrote %s\n", c.File)
	}
	if b.Len() == 0 {
		return "everything is up to date\n"
	}
	return b.String()
}
