package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

// skeleton is a policy that denies by absence, with its tests.
//
//go:embed skeleton
var skeleton embed.FS

// kindPattern is what a constraint's kind may be called. Rego has no package names with other characters.
var kindPattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)

func newNew() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "new KIND",
		Short: "Write a policy to start from, with its tests",
		Long: `Writes a policy that wants every image verified into a new folder, which has the name of
the KIND in lower case:

  policy.rego        the policy; its METADATA become the template's annotations
  policy_test.rego   its tests in Rego
  parameters.yaml    the schema of a constraint's parameters
  template.yaml      the ConstraintTemplate, made by policytest generate
  suite.yaml         its tests in Gatekeeper's engine, with samples
  verdicts.yaml      the answers that the suite needs

The policy denies by absence: it admits an image only if the provider says that it is
verified. An existing folder is never changed.

Exit codes: 0 done; 1 it failed; 2 the command line is wrong, or the folder exists.`,
		Example: `  # Write it, and run its tests.
  policytest new SignedPods
  policytest signedpods

  # In another folder than this one.
  policytest new SignedPods --dir policies`,
		Args: cli.OneArg,
	}
	c.Flags().StringVar(&dir, "dir", ".", "the `FOLDER` that gets the policy's folder")
	output := cli.AddOutput(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		folder, err := createPolicy(dir, args[0])
		if err != nil {
			return err
		}
		changes, err := generateIn(c.Context(), folder, put)
		if err != nil {
			return err
		}
		return output.Print(c, created{folder, changes})
	}
	return c
}

// createPolicy writes the skeleton, and returns the policy's folder.
func createPolicy(dir, kind string) (string, error) {
	if !kindPattern.MatchString(kind) {
		return "", cli.UsageError("%q cannot be a constraint's kind; write it like SignedPods: a capital first, then letters and digits, 63 at most", kind)
	}
	name := strings.ToLower(kind)
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // source files are for everyone to read
		return "", err
	}
	if err := os.Mkdir(folder, 0o755); errors.Is(err, fs.ErrExist) { //nolint:gosec // likewise
		return "", cli.UsageError("%s exists already, and is left as it is; choose another kind or --dir", folder)
	} else if err != nil {
		return "", err
	}
	files, err := fs.Sub(skeleton, "skeleton")
	if err != nil {
		return "", err
	}
	return folder, fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return fill(files, path, filepath.Join(folder, strings.TrimSuffix(path, ".tmpl")), map[string]string{"Kind": kind, "Package": name})
	})
}

// fill writes one file of the skeleton.
func fill(files fs.FS, from, to string, values map[string]string) error {
	t, err := template.ParseFS(files, from)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, values); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // likewise
		return err
	}
	return put(to, text.Bytes())
}

// created is what new made.
type created struct {
	Folder string   `json:"folder"`
	Files  []change `json:"files"`
}

func (c created) Text() string {
	return fmt.Sprintf("%[1]s is a policy with its tests. Test it:\n  policytest %[1]s\n", c.Folder)
}
