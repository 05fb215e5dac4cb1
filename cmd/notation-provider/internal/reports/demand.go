package reports

import (
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
)

// demand is what must hold of an image in a namespace: the question that one constraint asks, or the one about the trust
// policy alone. The image is admitted if all its demands are met, or excepted.
type demand struct {
	constraint *exception.Constraint // nil for the trust policy alone
	conditions []provider.Condition
	key        string // the question about what runs
	tagKey     string // the question about the tag; "" where that is the same, or there is no tag
	excepted   bool
	malformed  string // what is wrong with a name that is not asked about; else ""
}

// demands are those on one image wherever it is used, with the exceptions for it.
func (c *Collection) demands(entry *collected, now time.Time) ([]demand, []Cover) {
	if !entry.known {
		return []demand{entry.unreadable()}, []Cover{}
	}
	var all []demand
	covers := []Cover{}
	for _, namespace := range entry.namespaces() {
		demands, found := c.exceptions.Demands(entry.image, namespace, now)
		for _, d := range demands {
			all = append(all, entry.demand(d))
		}
		for _, e := range found {
			covers = cover(covers, e, namespace)
		}
	}
	return all, covers
}

// deciding are the demands without their exceptions.
func (c *Collection) deciding(entry *collected) []demand {
	if !entry.known {
		return []demand{entry.unreadable()}
	}
	var all []demand
	for _, namespace := range entry.namespaces() {
		for _, d := range c.exceptions.Deciding(entry.image, namespace) {
			all = append(all, entry.demand(d))
		}
	}
	return all
}

// demand makes the questions. Conditions go by the reference as it was written, which is what the policy sees.
func (e *collected) demand(d exception.Demand) demand {
	conditions := d.Conditions(e.image)
	made := demand{constraint: d.Constraint, conditions: conditions, key: provider.Question(e.target(), conditions), excepted: d.Excepted}
	if e.target() != e.written {
		made.tagKey = provider.Question(e.written, conditions)
	}
	return made
}

// unreadable is the demand on a name that is no reference. The provider says what is wrong with it. It would read a name with
// a "?" as a question about another image, which may be verified; policies deny the name.
func (e *collected) unreadable() demand {
	if _, err := provider.ParseQuestion(e.written); err != nil {
		return demand{key: e.written}
	}
	_, err := provider.ParseImage(e.written)
	return demand{malformed: err.Error()}
}

// cover adds an exception that counts in a namespace.
func cover(covers []Cover, e *exception.Exception, namespace string) []Cover {
	where := slices.IndexFunc(covers, func(c Cover) bool {
		return c.From == e.From && c.Pattern == e.Image && c.Reason == e.Reason && c.Expires == e.Expires
	})
	if where < 0 {
		where = len(covers)
		covers = append(covers, Cover{e.From, e.Image, e.Reason, e.Expires, []string{}})
	}
	covers[where].Namespaces = append(covers[where].Namespaces, namespace)
	return covers
}

// verdict is the one on what runs, or with tag the one on the tag. A constraint that does not say what it wants refuses all.
func (d demand) verdict(verdicts map[string]Verdict, tag bool) Verdict {
	if d.malformed != "" {
		return malformed(d.malformed)
	}
	key := d.key
	if tag {
		key = d.tagKey
	}
	v := answered(verdicts, key)
	if d.constraint == nil || d.constraint.Problem == "" {
		return v
	}
	words := advice.Of(advice.Misconfigured, "", "")
	v.Outcome, v.Reason, v.Cause = Refused, advice.Misconfigured, ""
	v.Detail = "constraint " + d.constraint.Name + ": " + d.constraint.Problem
	v.You, v.PlatformTeam = words.You, words.Platform
	return v
}

// malformed is the verdict on a name that is no reference.
func malformed(detail string) Verdict {
	words := advice.Of(provider.Malformed, "", detail)
	return Verdict{
		Outcome: Refused, Reason: provider.Malformed, Detail: detail, You: words.You, PlatformTeam: words.Platform,
		Lapses: []provider.Lapse{}, Warnings: []string{},
	}
}

// decisive is the demand that decides on an image, and its verdict: the worst of those without an exception, else the worst
// of the others. Of verified ones it is that which lapses first.
func decisive(demands []demand, verdicts map[string]Verdict) (demand, Verdict) {
	worst, found := demands[0], demands[0].verdict(verdicts, false)
	for _, d := range demands[1:] {
		v := d.verdict(verdicts, false)
		if r := d.rank(v) - worst.rank(found); r < 0 || r == 0 && v.lapsesBefore(found) {
			worst, found = d, v
		}
	}
	return worst, found
}

// rank orders demands by what they say of an image; the first ones deny it.
func (d demand) rank(v Verdict) int {
	switch {
	case v.Outcome == Verified:
		return 4
	case d.excepted && v.Outcome == Undecided:
		return 3
	case d.excepted:
		return 2
	case v.Outcome == Undecided:
		return 1
	}
	return 0
}

// admits tells whether the demand is met, or excepted.
func (d demand) admits(v Verdict) bool { return d.excepted || v.Outcome == Verified }

func (v Verdict) lapsesBefore(other Verdict) bool {
	a, b := firstToAct(v.Lapses), firstToAct(other.Lapses)
	return a != nil && (b == nil || a.At.Before(b.At))
}
