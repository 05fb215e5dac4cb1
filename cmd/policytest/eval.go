package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/internal/session"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/internal/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

type evalOptions struct {
	sources          sourceFlags
	files            []string
	verdicts, output string
	allowUnjudged    bool
}

func newEval() *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval -f FILE...",
		Short: "Decide on manifests, without a suite",
		Long: `Loads the templates and constraints among the objects in the files, and prints what they
decide on each of the other objects, as gator test does. An AdmissionReview is decided
on as it stands; every other object as if it were created now. Of a List each item is
decided on.

An object that no constraint matches, and a pod or controller without containers, is
NOT JUDGED.

Exit codes: 0 every object is admitted, 1 an object is denied; 2 usage, which includes an
enforcementAction that Gatekeeper does not know; 3 there is no decision on an object:
it is NOT JUDGED, a template does not compile or external_data has no answer.`,
		Example: `  # Templates and constraints from a directory, a manifest, recorded verdicts.
  policytest eval -f policies/signedimages -f pod.yaml --verdicts verdicts.yaml

  # Ask a live provider.
  policytest eval -f policies/signedimages/template.yaml -f constraint.yaml -f deployment.yaml -o json \
    --provider notation-provider=https://127.0.0.1:8443/validate --ca ca.crt --cert tls.crt --key tls.key`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("eval takes no arguments, got %q; name files with -f; see '%s --help'", args, c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return o.execute(c) },
	}
	o.sources.add(c)
	c.Flags().StringArrayVarP(&o.files, "filename", "f", nil, "a file, or a directory and all below it, with objects; may be repeated")
	c.Flags().StringVar(&o.verdicts, "verdicts", "", "a verdicts.yaml; its scenes do not count")
	c.Flags().BoolVar(&o.allowUnjudged, "allow-unjudged", false, "exit with 0 though an object is NOT JUDGED")
	c.Flags().StringVarP(&o.output, "output", "o", "text", "text or json")
	return c
}

func (o *evalOptions) execute(c *cobra.Command) error {
	if err := checkFormat(o.output); err != nil {
		return err
	}
	if len(o.files) == 0 {
		return usageError("decide on what? Name files with -f; see '%s --help'", c.CommandPath())
	}
	objects, err := engine.ReadObjects(o.files...)
	if err != nil {
		return usageError("-f: %w", err)
	}
	if objects, err = expand(objects, 0); err != nil {
		return err
	}
	if err := decidable(objects); err != nil {
		return err
	}
	if err := checkActions(objects); err != nil {
		return err
	}
	scene := &verdicts.Scene{}
	if o.verdicts != "" {
		file, err := verdicts.Read(o.verdicts)
		if err != nil {
			return usageError("--verdicts: %w", err)
		}
		scene = file.Scene("", "")
	}
	sources, err := o.sources.open()
	if err != nil {
		return err
	}
	defer sources.close()
	talk := sources.Open(scene, cmp.Or(o.verdicts, "a verdicts.yaml for --verdicts"))
	defer talk.Close()
	decisions, err := decide(c.Context(), talk, objects)
	if err != nil {
		return &exitError{exitUnknown, err}
	}
	if err := o.print(c.OutOrStdout(), decisions); err != nil {
		return err
	}
	if err := sources.record(); err != nil {
		return &exitError{exitUnknown, err}
	}
	isDenied := func(d decision) bool { return d.Decision == denied }
	switch {
	case slices.ContainsFunc(decisions, isDenied):
		return silently(exitFailed)
	case !o.allowUnjudged && slices.ContainsFunc(decisions, func(d decision) bool { return d.unjudged }):
		return silently(exitUnknown)
	}
	return nil
}

// decidable wants something to decide on, and something that decides: else everything would be admitted.
func decidable(objects []*unstructured.Unstructured) error {
	count := map[engine.Role]int{}
	for _, object := range objects {
		count[engine.RoleOf(object)]++
	}
	switch {
	case count[engine.Constraint] == 0:
		return usageError("-f: no constraint among the objects, so nothing could be denied")
	case count[engine.Reviewed]+count[engine.Admission] == 0:
		return usageError("-f: nothing to decide on but what configures Gatekeeper")
	}
	return nil
}

// What is decided on an object.
const (
	admitted = "ADMITTED"
	denied   = "DENIED"
)

// decision is what is decided on one object.
type decision struct {
	Object     reference          `json:"object"`
	Decision   string             `json:"decision"`
	Violations []engine.Violation `json:"violations"`

	described string
	unjudged  bool
}

// reference names an object.
type reference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

func decide(ctx context.Context, talk *session.Session, objects []*unstructured.Unstructured) ([]decision, error) {
	judge, err := engine.New(talk.Options())
	if err != nil {
		return nil, err
	}
	if err := judge.Load(ctx, objects...); err != nil {
		return nil, err
	}
	decisions := []decision{}
	for _, object := range objects {
		if role := engine.RoleOf(object); role != engine.Reviewed && role != engine.Admission {
			continue
		}
		violations, err := judge.Review(ctx, object)
		if err := talk.Check(err); err != nil {
			return nil, err
		}
		d := decision{
			Object:     reference{object.GetAPIVersion(), object.GetKind(), object.GetNamespace(), object.GetName()},
			Decision:   admitted,
			Violations: append([]engine.Violation{}, violations...),
			described:  engine.Describe(object),
		}
		why := notJudged(judge, object, objects)
		switch {
		case engine.Denied(violations):
			d.Decision = denied
		case why != "" && len(violations) == 0:
			d.Decision, d.unjudged = unjudged(why), true
		}
		decisions = append(decisions, d)
	}
	return decisions, nil
}

func (o *evalOptions) print(out io.Writer, decisions []decision) error {
	if o.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(decisions)
	}
	var b strings.Builder
	for _, d := range decisions {
		fmt.Fprintf(&b, "%s: %s\n", printable.Text(d.described), d.Decision)
		for _, v := range d.Violations {
			fmt.Fprintf(&b, "  %s [%q] %s\n", v.Action(), v.Constraint, printable.Text(v.Msg))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
