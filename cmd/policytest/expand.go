package main

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
)

// maxNested bounds how deep lists lie in each other.
const maxNested = 8

// expand puts the items of each list in its place, as the API server would see them: Gatekeeper judges objects, and a
// list of them, as kubectl get writes it, is none.
func expand(objects []*unstructured.Unstructured, depth int) ([]*unstructured.Unstructured, error) {
	if depth > maxNested {
		return nil, usageError("-f: lists lie deeper in each other than %d", maxNested)
	}
	var all []*unstructured.Unstructured
	for _, object := range objects {
		items, isList := object.Object["items"].([]any)
		if !isList || !strings.HasSuffix(object.GetKind(), "List") {
			all = append(all, object)
			continue
		}
		if len(items) == 0 {
			return nil, usageError("-f: %s has no items, so there is nothing to decide on in it", engine.Describe(object))
		}
		var inner []*unstructured.Unstructured
		for i, item := range items {
			fields, ok := item.(map[string]any)
			if !ok {
				return nil, usageError("-f: %s: item %d is no object", engine.Describe(object), i)
			}
			one := &unstructured.Unstructured{Object: fields}
			if one.GetKind() == "" { // as in a PodList
				one.SetKind(strings.TrimSuffix(object.GetKind(), "List"))
				one.SetAPIVersion(object.GetAPIVersion())
			}
			inner = append(inner, one)
		}
		expanded, err := expand(inner, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, expanded...)
	}
	return all, nil
}

// checkActions refuses a constraint whose enforcementAction Gatekeeper does not know: it would deny nothing.
func checkActions(objects []*unstructured.Unstructured) error {
	known := []string{"deny", "dryrun", "scoped", "warn"}
	for _, object := range objects {
		if engine.RoleOf(object) != engine.Constraint {
			continue
		}
		action, found, err := unstructured.NestedString(object.Object, "spec", "enforcementAction")
		if err != nil || found && action != "" && !slices.Contains(known, action) {
			return usageError("-f: constraint %q has enforcementAction %q, which denies nothing; write one of %s", object.GetName(), action, strings.Join(known, ", "))
		}
	}
	return nil
}

// notJudged says why nothing was decided on an object; "" if something was.
func notJudged(judge *engine.Engine, object *unstructured.Unstructured, objects []*unstructured.Unstructured) string {
	if engine.RoleOf(object) != engine.Reviewed {
		return ""
	}
	if path, ok := podSpecs()[object.GetKind()]; ok {
		if containers, _, _ := unstructured.NestedSlice(object.Object, append(slices.Clone(path), "containers")...); len(containers) == 0 {
			return "there is no container in " + strings.Join(path, ".")
		}
	}
	for _, constraint := range objects {
		role := engine.RoleOf(constraint)
		// What an expansion template makes of the object may be judged.
		if role == engine.Expansion || role == engine.Constraint && judge.Matches(constraint, object) {
			return ""
		}
	}
	return "no constraint matches"
}

// podSpecs are where objects of the core kinds have their pod's specification.
func podSpecs() map[string][]string {
	template := []string{"spec", "template", "spec"}
	return map[string][]string{
		"Pod": {"spec"}, "Deployment": template, "ReplicaSet": template, "StatefulSet": template, "DaemonSet": template,
		"ReplicationController": template, "Job": template, "CronJob": {"spec", "jobTemplate", "spec", "template", "spec"},
	}
}

// unjudged is the word for an object that nothing was decided on.
func unjudged(why string) string { return fmt.Sprintf("NOT JUDGED (%s)", why) }
