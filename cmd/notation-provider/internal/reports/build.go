package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// Build makes the report. What was not answered, which is a defect, is undecided. What ends within soon is told apart.
func (c *Collection) Build(verdicts map[string]Verdict, now time.Time, soon time.Duration) *Report {
	r := c.BuildExceptions(now, soon)
	for _, entry := range c.order {
		r.Images = append(r.Images, c.image(entry, verdicts, now))
	}
	slices.SortStableFunc(r.Images, func(a, b Image) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.Image, b.Image), strings.Compare(a.Running, b.Running))
	})
	r.summarise()
	r.note()
	c.noteConditions(r)
	return r
}

// noteConditions says which constraints want what the report did not ask for: those that deny nothing.
func (c *Collection) noteConditions(r *Report) {
	var wanting []string
	for _, constraint := range c.exceptions.Constraints {
		if constraint.Wants() && !constraint.Denies {
			wanting = append(wanting, constraint.Name)
		}
	}
	if len(wanting) > 0 {
		r.Notes = append(r.Notes, "Constraints that only warn or report, and want metadata or signers: "+strings.Join(wanting, ", ")+
			". This report does not ask for these.")
	}
}

// noteUnknown says which constraints have parameters that there are not. The API server drops them where it does not refuse
// them, and so does the report: a misspelt requireMetadata asks for nothing.
func (c *Collection) noteUnknown(r *Report) {
	for _, constraint := range c.exceptions.Constraints {
		for _, name := range constraint.Unknown {
			r.Notes = append(r.Notes, fmt.Sprintf("Constraint %s: there is no parameter %q, and the report goes without it; %s",
				constraint.Name, name, spelling.Advice(name, exception.Parameters())))
		}
	}
}

// BuildExceptions makes a report of the exceptions alone.
func (c *Collection) BuildExceptions(now time.Time, soon time.Duration) *Report {
	r := &Report{
		Version: Version, Made: now.UTC().Truncate(time.Second), SoonUntil: now.Add(soon).UTC().Truncate(time.Second),
		Summary:    Summary{Objects: c.objects, Namespaces: c.namespaces(), Finished: c.finished},
		Registries: []Total{}, Signers: []Total{}, Images: []Image{}, Exceptions: c.judgeAll(now, soon), Notes: []string{},
	}
	c.noteUnknown(r)
	if len(c.absent) > 0 {
		r.Notes = append(r.Notes, "The cluster does not have these kinds: "+strings.Join(c.absent, ", ")+".")
	}
	return r
}

// image puts together what is known of one image.
func (c *Collection) image(entry *collected, verdicts map[string]Verdict, now time.Time) Image {
	demands, covers := c.demands(entry, now)
	decides, verdict := decisive(demands, verdicts)
	i := Image{
		Image: entry.written, Running: entry.running, Verdict: verdict, Exceptions: covers, Namespaces: entry.namespaces(), Uses: entry.uses,
	}
	if entry.known {
		i.Registry = entry.image.Host
	}
	if len(decides.conditions) > 0 {
		i.Question = decides.key
	}
	if decides.constraint != nil && (i.Question != "" || decides.constraint.Problem != "") {
		i.Constraint = decides.constraint.Name
	}
	i.Lapse = firstToAct(i.Lapses)
	i.Tag = tag(entry, demands, verdicts)
	i.Excepted = admittedByExceptions(demands, verdict, verdicts)
	return i
}

// tag is what the tag of a reference stands for now; nil where nothing was asked about it.
func tag(entry *collected, demands []demand, verdicts map[string]Verdict) *Tag {
	var worst *Verdict
	for _, d := range demands {
		if d.tagKey == "" {
			continue
		}
		if v := d.verdict(verdicts, true); worst == nil || (demand{}).rank(v) < (demand{}).rank(*worst) {
			worst = &v
		}
	}
	if worst == nil {
		return nil
	}
	return &Tag{worst.Outcome, worst.Reason, worst.Cause, worst.Digest, worst.Digest != "" && worst.Digest != entry.running}
}

// admittedByExceptions tells whether exceptions admit an image that is not verified wherever it is used; of one that is verified,
// whether they would.
func admittedByExceptions(demands []demand, verdict Verdict, verdicts map[string]Verdict) bool {
	return !slices.ContainsFunc(demands, func(d demand) bool {
		return !d.excepted && (verdict.Outcome == Verified || !d.admits(d.verdict(verdicts, false)))
	})
}

// answered is the verdict on a key. An outcome that is not known is none.
func answered(verdicts map[string]Verdict, key string) Verdict {
	v, ok := verdicts[key]
	if !ok {
		v = Verdict{Outcome: Undecided, Cause: provider.CauseInternal, Detail: provider.DetailDefect}
	}
	if v.Lapses == nil {
		v.Lapses = []provider.Lapse{}
	}
	if v.Warnings == nil {
		v.Warnings = []string{}
	}
	return v
}

// firstToAct is the first end that no CA puts off by itself; nil if there is none.
func firstToAct(lapses []provider.Lapse) *provider.Lapse {
	for i := range lapses {
		if !lapses[i].By.Renewed() {
			return &lapses[i]
		}
	}
	return nil
}

// rank orders images by who must look at them: those that nothing admits come first.
func rank(i Image) int {
	switch {
	case i.Outcome == Verified:
		return 3
	case i.Excepted:
		return 2
	case i.Outcome == Undecided:
		return 1
	}
	return 0
}

// Blocked tells whether the image is refused, and no exception admits it.
func (i Image) Blocked() bool { return i.Outcome != Verified && i.Outcome != Undecided && !i.Excepted }

// Open tells whether the image is undecided, and no exception admits it.
func (i Image) Open() bool { return i.Outcome == Undecided && !i.Excepted }

// Moved tells whether the tag stands for another digest than the one that runs.
func (i Image) Moved() bool { return i.Tag != nil && i.Tag.Moved }

// Soon tells whether an image that is verified lapses before a moment, by something that no CA renews by itself.
func (i Image) Soon(until time.Time) bool {
	return i.Outcome == Verified && i.Lapse != nil && !i.Lapse.At.After(until)
}
