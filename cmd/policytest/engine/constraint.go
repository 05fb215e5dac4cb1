package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/match"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const scoped = "scoped"

var (
	simpleActions = []string{deny, dryrun, warn}
	allActions    = []string{deny, dryrun, warn, scoped}
	versions      = []string{"v1beta1", "v1alpha1"} // of constraints.gatekeeper.sh
	points        = []string{util.WebhookEnforcementPoint, util.AuditEnforcementPoint, util.GatorEnforcementPoint, util.VAPEnforcementPoint, util.AllEnforcementPoints}
)

// checkConstraint refuses a constraint that the engine would take and that would then never deny. Such a constraint has
// an enforcement action that does not exist, which Gatekeeper's webhook refuses too, or a match that no object can have.
func checkConstraint(constraint *unstructured.Unstructured) error {
	return errors.Join(checkAction(constraint), checkMatch(constraint))
}

// checkVersion tells before the framework does, which lists the versions as a map of Go.
func checkVersion(constraint *unstructured.Unstructured) error {
	if kind := constraint.GroupVersionKind(); !slices.Contains(versions, kind.Version) {
		return unknownWord("the version of apiVersion", kind.Version, versions)
	}
	return nil
}

// checkKind refuses a constraint without its template, and names the kind that was most likely meant.
func (e *Engine) checkKind(kind string) error {
	if _, ok := e.explainers[kind]; ok {
		return nil
	}
	message := fmt.Sprintf("there is no template for the kind %q", kind)
	if near := nearest(kind, slices.Collect(maps.Keys(e.explainers))); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return errors.New(message)
}

func checkAction(constraint *unstructured.Unstructured) error {
	action, err := actionOf(constraint, allActions)
	if err != nil || action != scoped {
		return err
	}
	actions, err := util.GetScopedEnforcementAction(constraint.Object)
	if err != nil {
		return fmt.Errorf("spec.scopedEnforcementActions: %w", err)
	}
	if len(*actions) == 0 {
		return errors.New("spec.scopedEnforcementActions is empty, so nothing is denied")
	}
	for i, a := range *actions {
		where := fmt.Sprintf("spec.scopedEnforcementActions[%d].", i)
		if !slices.Contains(simpleActions, a.Action) {
			return unknownWord(where+"action", a.Action, simpleActions)
		}
		if len(a.EnforcementPoints) == 0 {
			return fmt.Errorf("%senforcementPoints is empty, so the action counts nowhere", where)
		}
		for _, point := range a.EnforcementPoints {
			if !slices.Contains(points, point.Name) {
				return unknownWord(where+"enforcementPoints", point.Name, points)
			}
		}
	}
	return nil
}

// actionOf reads spec.enforcementAction, which is deny where it is left out.
func actionOf(object *unstructured.Unstructured, actions []string) (string, error) {
	action, _, err := unstructured.NestedString(object.Object, "spec", "enforcementAction")
	switch {
	case err != nil:
		return "", fmt.Errorf("spec.enforcementAction: %w", err)
	case action == "":
		return deny, nil
	case !slices.Contains(actions, action):
		return "", unknownWord("spec.enforcementAction", action, actions)
	}
	return action, nil
}

func checkMatch(constraint *unstructured.Unstructured) error {
	content, _, err := unstructured.NestedMap(constraint.Object, "spec", "match")
	if err != nil {
		return err
	}
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	var m match.Match
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("spec.match: %w", err)
	}
	for i, k := range m.Kinds {
		if err := checkKinds(k.APIGroups, k.Kinds); err != nil {
			return fmt.Errorf("spec.match.kinds[%d] matches nothing: %w", i, err)
		}
	}
	return nil
}
