package exception

import (
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// The kinds of objects that are exceptions, and what the policies read of each: more of them in the cluster, or in one
// namespace, and none counts.
const (
	ClusterKind    = "ClusterImageException"
	NamespaceKind  = "ImageException"
	maxOfCluster   = 5000
	maxOfNamespace = 500
	apiVersion     = "notation-provider.internal/v1"
)

// Set is what was given: constraints with their exceptions, and exceptions that are objects. The zero value is empty.
type Set struct {
	Constraints []Constraint

	objects []Exception
	counts  map[string]int // of objects by namespace; "" for those of the cluster
}

// Add takes an object; false if it is neither a constraint nor an exception.
func (s *Set) Add(object map[string]any) bool {
	if c, ok := Read(object); ok {
		s.Constraints = append(s.Constraints, c)
		return true
	}
	kind, namespace := workload.Text(object, "kind"), workload.Text(object, "metadata", "namespace")
	if workload.Text(object, "apiVersion") != apiVersion || kind != ClusterKind && kind != NamespaceKind {
		return false
	}
	name := kind + "/" + workload.Text(object, "metadata", "name")
	if kind == NamespaceKind {
		name = kind + "/" + namespace + "/" + workload.Text(object, "metadata", "name")
	}
	e := readException(workload.At(object, "spec"), name)
	e.kind = kind
	if kind == NamespaceKind {
		e.within = namespace
		if e.Everywhere {
			e.Namespaces = []string{namespace}
		}
	}
	s.objects = append(s.objects, e)
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[e.within]++
	return true
}

// Each calls a function for each exception, with the constraints that it can count for.
func (s *Set) Each(do func(*Exception, []*Constraint)) {
	for i := range s.Constraints {
		c := &s.Constraints[i]
		for j := range c.Exceptions {
			do(&c.Exceptions[j], []*Constraint{c})
		}
	}
	for i := range s.objects {
		e := &s.objects[i]
		var readers []*Constraint
		for j := range s.Constraints {
			if slices.Contains(s.Constraints[j].from, e.kind) {
				readers = append(readers, &s.Constraints[j])
			}
		}
		do(e, readers)
	}
}

// Problem is why an exception counts for nothing on any day, under the constraints that can read it; "" if it counts.
func (s *Set) Problem(e *Exception, readers []*Constraint) string {
	switch {
	case e.Broken != "":
		return e.Broken
	case e.kind != "" && len(readers) == 0:
		return "no constraint that was given reads it: exceptionsFrom must name " + e.kind
	case s.tooMany(e):
		return fmt.Sprintf("there are %d of its kind, more than policies read, so none counts", s.counts[e.within])
	}
	for _, c := range readers {
		if c.Problem == "" {
			return ""
		}
	}
	return "no exception of its constraint counts: " + readers[0].Problem
}

// tooMany tells whether policies read none of its kind.
func (s *Set) tooMany(e *Exception) bool {
	return e.kind == ClusterKind && s.counts[""] > maxOfCluster || e.kind == NamespaceKind && s.counts[e.within] > maxOfNamespace
}

// Demand is what decides on an image in a namespace: a constraint that denies or, where none is about the image, the trust
// policy alone.
type Demand struct {
	// Constraint is nil where the trust policy alone decides.
	Constraint *Constraint
	// Excepted tells whether an exception that counts admits the image, so that its signature does not matter.
	Excepted bool
}

// Conditions are what the demand wants of a signature beside the trust policy.
func (d Demand) Conditions(image provider.Image) []provider.Condition {
	if d.Constraint == nil {
		return nil
	}
	return d.Constraint.Conditions(image)
}

// Deciding are the demands on an image in a namespace without a look at exceptions, which change nothing of what is wanted.
func (s *Set) Deciding(image provider.Image, namespace string) (demands []Demand) {
	for i := range s.Constraints {
		if c := &s.Constraints[i]; c.Denies && c.In(namespace) && c.Governs(image) {
			demands = append(demands, Demand{Constraint: c})
		}
	}
	if len(demands) == 0 {
		demands = []Demand{{}}
	}
	return demands
}

// Demands are what decides on an image in a namespace, at least one: the image is admitted there if each of them has an
// exception, or is met. Found are the exceptions that count, those of constraints that do not deny too.
func (s *Set) Demands(image provider.Image, namespace string, now time.Time) (demands []Demand, found []*Exception) {
	for i := range s.Constraints {
		c := &s.Constraints[i]
		if !c.In(namespace) || !c.Governs(image) {
			continue
		}
		here := s.of(c, image, namespace, now)
		for _, e := range here {
			if !slices.Contains(found, e) {
				found = append(found, e)
			}
		}
		if c.Denies {
			demands = append(demands, Demand{c, len(here) > 0})
		}
	}
	if len(demands) == 0 {
		demands = []Demand{{nil, len(found) > 0}}
	}
	return demands, found
}

// of are the exceptions that count for one constraint.
func (s *Set) of(c *Constraint, image provider.Image, namespace string, now time.Time) (found []*Exception) {
	if c.Problem != "" {
		return nil
	}
	counts := func(e *Exception) bool { return e.Current(now) && e.In(namespace) && e.Means(image) }
	for i := range c.Exceptions {
		if counts(&c.Exceptions[i]) {
			found = append(found, &c.Exceptions[i])
		}
	}
	for i := range s.objects {
		e := &s.objects[i]
		if slices.Contains(c.from, e.kind) && counts(e) && !s.tooMany(e) {
			found = append(found, e)
		}
	}
	return found
}
