package reports

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
)

// maxEnough is how many patterns or namespaces are worth proposing in place of a broad exception.
const maxEnough = 20

// judgeAll says of all exceptions what is to be said.
func (c *Collection) judgeAll(now time.Time, soon time.Duration) []Exception {
	all, namespaces := []Exception{}, c.namespaces()
	c.exceptions.Each(func(e *exception.Exception, readers []*exception.Constraint) {
		all = append(all, c.judge(e, readers, namespaces, now, soon))
	})
	return all
}

// judge says what is to be said of one exception under the constraints that read it, where the objects are in so many
// namespaces.
func (c *Collection) judge(e *exception.Exception, readers []*exception.Constraint, namespaces int, now time.Time, soon time.Duration) Exception {
	found := Exception{
		From: e.From, Pattern: e.Image, Reason: e.Reason, Expires: e.Expires, Namespaces: append([]string{}, e.Namespaces...),
		Findings: []Finding{}, Images: []string{}, Problem: c.exceptions.Problem(e, readers),
	}
	add := func(f Finding, holds bool) {
		if holds {
			found.Findings = append(found.Findings, f)
		}
	}
	end, ends := e.End()
	broken := found.Problem != ""
	add(Broken, broken)
	add(Ended, !broken && e.Ended(now))
	add(Soon, !broken && !e.Ended(now) && ends && !end.After(now.Add(soon)))
	covered := c.coveredBy(e, readers, &found)
	add(Unused, len(found.Images) == 0)
	if !broken && len(found.Images) > 0 {
		found.Enough = covered.enough(e, namespaces)
		add(Broader, found.Enough != nil)
	}
	return found
}

// covered is what runs and an exception covers.
type covered struct{ references, repositories, namespaces []string }

// coveredBy finds it. Whether the exception has ended does not count: it may be made longer.
func (c *Collection) coveredBy(e *exception.Exception, readers []*exception.Constraint, found *Exception) covered {
	var all covered
	for _, entry := range c.order {
		if !entry.known || !e.Means(entry.image) {
			continue
		}
		used := false
		for _, use := range entry.uses {
			about := func(constraint *exception.Constraint) bool {
				return constraint.In(use.Namespace) && constraint.Governs(entry.image)
			}
			if e.In(use.Namespace) && slices.ContainsFunc(readers, about) {
				used = true
				all.namespaces = append(all.namespaces, use.Namespace)
			}
		}
		if used {
			found.Images = append(found.Images, entry.written)
			all.references = append(all.references, entry.image.String())
			all.repositories = append(all.repositories, entry.image.Repository)
		}
	}
	for _, list := range []*[]string{&found.Images, &all.references, &all.repositories, &all.namespaces} {
		*list = distinct(*list)
	}
	return all
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// enough is a narrower exception for the same; nil if there is none that is worth it. A path is narrowed to repositories.
// A repository is left as it is: its tags change with each update.
func (found covered) enough(e *exception.Exception, namespaces int) *Enough {
	enough := &Enough{Patterns: []string{e.Image}, Namespaces: append([]string{}, e.Namespaces...)}
	narrower := false
	if strings.HasSuffix(e.Pattern, exception.Everything) && len(found.repositories) <= maxEnough {
		enough.Patterns, narrower = found.repositories, true
	}
	more := len(e.Namespaces)
	if e.Everywhere && more == 0 {
		more = namespaces
	}
	if len(found.namespaces) < more && len(found.namespaces) <= maxEnough && !slices.Contains(found.namespaces, "") {
		enough.Namespaces, narrower = found.namespaces, true
	}
	if !narrower {
		return nil
	}
	return enough
}

// namespaces counts those of all that runs.
func (c *Collection) namespaces() int {
	names := map[string]bool{}
	for _, entry := range c.order {
		for _, use := range entry.uses {
			names[use.Namespace] = true
		}
	}
	return len(names)
}
