package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/suites"
)

// What is decided on an object.
const (
	admitted  = "ADMITTED"
	denied    = "DENIED"
	notJudged = "NOT JUDGED"
	emptyList = "EMPTY LIST"
)

// decision is what is decided on one object.
type decision struct {
	Object   reference `json:"object"`
	Decision string    `json:"decision"`

	// Reason says why an object is not judged, or what else is to know of one that is admitted.
	Reason     string             `json:"reason,omitempty"`
	Violations []engine.Violation `json:"violations"`

	// Images says why the object's images are admitted; it is left out where the template has not the policy library.
	Images []engine.Admitted `json:"images,omitempty"`

	described string
	matched   []string // constraints
	unmatched bool     // the only reason is that no constraint matches
	context   bool     // a Namespace that other objects are in
}

// reference names an object.
type reference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// decide decides on all objects that are judged.
func decide(ctx context.Context, session *suites.Session, judge *engine.Engine, objects []*unstructured.Unstructured) ([]decision, error) {
	decisions := []decision{}
	for _, object := range objects {
		d := decision{
			Object:     reference{object.GetAPIVersion(), object.GetKind(), object.GetNamespace(), object.GetName()},
			Violations: []engine.Violation{},
			described:  engine.Describe(object),
		}
		switch engine.RoleOf(object) {
		case engine.EmptyList:
			d.Decision, d.Reason = emptyList, "it has no items"
		case engine.Reviewed, engine.Admission:
			j, err := judge.Judge(ctx, object)
			if err := session.Check(err); err != nil {
				return nil, err
			}
			d.record(object, j)
		default:
			continue
		}
		decisions = append(decisions, d)
	}
	return decisions, nil
}

// record notes a judgement. An object is admitted only if a constraint judged it, and could find its images.
func (d *decision) record(object *unstructured.Unstructured, j engine.Judgement) {
	d.Violations, d.matched = append(d.Violations, j.Violations...), j.Matched
	subject, deletion := subjectOf(object)
	d.Decision = notJudged
	switch fault := engine.CheckImages(subject); {
	case engine.Denied(j.Violations):
		d.Decision, d.Reason = denied, told(j.Unsure)
	case len(j.Unsure) > 0:
		d.Reason = told(j.Unsure)
	case fault != nil && !deletion:
		d.Reason = fault.Error()
	case len(j.Matched) == 0:
		d.Reason, d.unmatched = "no constraint matches", true
	default:
		d.Decision, d.Images = admitted, j.Admitted
		d.Reason = cmp.Or(remarks(j.Violations, deletion), because(j.Admitted))
	}
}

// subjectOf is the object that is judged: of an AdmissionReview, the one in its request.
func subjectOf(object *unstructured.Unstructured) (subject *unstructured.Unstructured, deletion bool) {
	if engine.RoleOf(object) != engine.Admission {
		return object, false
	}
	operation, _, _ := unstructured.NestedString(object.Object, "request", "operation")
	content, _, _ := unstructured.NestedMap(object.Object, "request", "object")
	return &unstructured.Unstructured{Object: content}, operation == "DELETE"
}

func told(reasons []error) string {
	var all []string
	for _, reason := range reasons {
		if !slices.Contains(all, reason.Error()) {
			all = append(all, reason.Error())
		}
	}
	return strings.Join(all, "; ")
}

// because says why images are admitted: "verified", or image by image where it is not the same for all.
func because(images []engine.Admitted) string {
	said := map[string]string{}
	for _, a := range images {
		if words := becauseOf(a); words != "" && (said[a.Image] == "" || a.Because == engine.Verified) {
			said[a.Image] = words
		}
	}
	reasons := slices.Compact(slices.Sorted(maps.Values(said)))
	if len(reasons) <= 1 {
		return strings.Join(reasons, "")
	}
	var all []string
	for _, image := range slices.Sorted(maps.Keys(said)) {
		all = append(all, image+": "+said[image])
	}
	return strings.Join(all, "; ")
}

func becauseOf(a engine.Admitted) string {
	if a.Exception == nil {
		return a.Because
	}
	until := "until " + a.Exception.Expires
	if a.Exception.Expires == "never" {
		until = "without an end"
	}
	if a.Exception.Object != "" {
		return fmt.Sprintf("excepted by %s, %s (%s)", a.Exception.Object, until, a.Exception.Reason)
	}
	return fmt.Sprintf("excepted by %s in constraint %s, %s (%s)", a.Exception.Image, a.Constraint, until, a.Exception.Reason)
}

// remarks tell of an admitted object which constraints have something against it and do not deny. Their messages are in the
// violations.
func remarks(violations []engine.Violation, deletion bool) string {
	var all []string
	if deletion {
		all = append(all, "a deletion")
	}
	for _, v := range violations {
		remark := "dryrun: would be denied by " + v.Constraint
		if v.Warns() {
			remark = "warn: " + v.Constraint + " warns"
		}
		if !slices.Contains(all, remark) {
			all = append(all, remark)
		}
	}
	return strings.Join(all, "; ")
}

// excuse leaves out of the exit code the Namespaces that are there for the objects in them.
func excuse(decisions []decision) {
	for i, d := range decisions {
		if d.unmatched && d.Object.APIVersion == "v1" && d.Object.Kind == "Namespace" && slices.ContainsFunc(decisions, func(other decision) bool {
			return other.Object.Namespace == d.Object.Name && !other.unmatched
		}) {
			decisions[i].Reason += "; it is read for the objects in it"
			decisions[i].context = true
		}
	}
}

// exitOf is the exit code: a denial counts before an object that is not judged.
func exitOf(decisions []decision, allowUnmatched bool) int {
	code := 0
	for _, d := range decisions {
		switch {
		case d.Decision == denied:
			return cli.ExitFailed
		case d.Decision != admitted && !d.context && (!d.unmatched || !allowUnmatched):
			code = exitUnknown
		}
	}
	return code
}
