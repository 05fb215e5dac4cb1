package reports

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
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

// noteConditions says which constraints ask for what the report did not ask for.
func (c *Collection) noteConditions(r *Report) {
	var asking []string
	for _, constraint := range c.exceptions.Constraints {
		if constraint.Asks {
			asking = append(asking, constraint.Name)
		}
	}
	if len(asking) > 0 {
		r.Notes = append(r.Notes, "Constraints that ask for metadata or signers: "+strings.Join(asking, ", ")+
			". This report does not ask for these, so they may deny an image that is verified here.")
	}
}

// BuildExceptions makes a report of the exceptions alone.
func (c *Collection) BuildExceptions(now time.Time, soon time.Duration) *Report {
	return &Report{
		Version: Version, Made: now.UTC().Truncate(time.Second), SoonUntil: now.Add(soon).UTC().Truncate(time.Second),
		Summary:    Summary{Objects: c.objects, Namespaces: c.namespaces(), Finished: c.finished},
		Registries: []Total{}, Signers: []Total{}, Images: []Image{}, Exceptions: c.judgeAll(now, soon), Notes: []string{},
	}
}

// image puts together what is known of one image.
func (c *Collection) image(entry *collected, verdicts map[string]Verdict, now time.Time) Image {
	i := Image{
		Image: entry.written, Running: entry.running, Verdict: answered(verdicts, entry.key()),
		Exceptions: []Cover{}, Namespaces: []string{}, Uses: entry.uses,
	}
	if entry.known {
		i.Registry = entry.image.Host
	}
	i.Lapse = firstToAct(i.Lapses)
	if key := entry.tagKey(); key != "" {
		now := answered(verdicts, key)
		i.Tag = &Tag{now.Outcome, now.Reason, now.Cause, now.Digest, now.Digest != "" && now.Digest != entry.running}
	}
	names := map[string]bool{}
	for _, use := range entry.uses {
		names[use.Namespace] = true
	}
	i.Namespaces = slices.Sorted(maps.Keys(names))
	c.cover(&i, entry, now)
	return i
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

// cover finds the exceptions for an image, in each namespace that uses it.
func (c *Collection) cover(i *Image, entry *collected, now time.Time) {
	if !entry.known {
		return
	}
	i.Excepted = true
	for _, namespace := range i.Namespaces {
		found, admitted := c.exceptions.Covering(entry.image, namespace, now)
		i.Excepted = i.Excepted && admitted
		for _, e := range found {
			where := slices.IndexFunc(i.Exceptions, func(c Cover) bool {
				return c.From == e.From && c.Pattern == e.Image && c.Reason == e.Reason && c.Expires == e.Expires
			})
			if where < 0 {
				where = len(i.Exceptions)
				i.Exceptions = append(i.Exceptions, Cover{e.From, e.Image, e.Reason, e.Expires, []string{}})
			}
			i.Exceptions[where].Namespaces = append(i.Exceptions[where].Namespaces, namespace)
		}
	}
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
