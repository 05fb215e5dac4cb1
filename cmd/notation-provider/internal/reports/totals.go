package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// summarise counts.
func (r *Report) summarise() {
	s := r.Summary
	s.Images = len(r.Images)
	registries, signers := totals{}, totals{}
	for _, i := range r.Images {
		tally(i.Outcome, &s.Verified, &s.Refused, &s.Undecided)
		s.Excepted += one(i.Outcome != Verified && i.Excepted)
		s.Moved += one(i.Moved())
		s.Soon += one(i.Soon(r.SoonUntil))
		registries.add(i.Registry, i)
		if i.Signer != "" {
			signers.add(i.Signer, i)
		}
	}
	r.Summary, r.Registries, r.Signers = s, registries.list(), signers.list()
}

// tally adds one to the counter of an outcome. An outcome that is not known is a refusal.
func tally(outcome string, verified, refused, undecided *int) {
	switch outcome {
	case Verified:
		*verified++
	case Undecided:
		*undecided++
	default:
		*refused++
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// totals are counts by name.
type totals map[string]*Total

func (t totals) add(name string, i Image) {
	total, ok := t[name]
	if !ok {
		total = &Total{Name: name}
		t[name] = total
	}
	total.Images++
	tally(i.Outcome, &total.Verified, &total.Refused, &total.Undecided)
	total.Excepted += one(i.Outcome != Verified && i.Excepted)
}

// list has the largest first.
func (t totals) list() []Total {
	all := make([]Total, 0, len(t))
	for _, total := range t {
		all = append(all, *total)
	}
	slices.SortFunc(all, func(a, b Total) int { return cmp.Or(b.Images-a.Images, strings.Compare(a.Name, b.Name)) })
	return all
}

// Worst is the code of the worst image: refused, undecided, or neither of them. What exceptions admit is neither.
func (r *Report) Worst(good, undecided, refused int) int {
	worst := good
	for _, i := range r.Images {
		switch {
		case i.Blocked():
			return refused
		case i.Open():
			worst = undecided
		}
	}
	return worst
}

// EndsSoon tells whether an image lapses soon, or an exception ends soon or has ended.
func (r *Report) EndsSoon() bool {
	return slices.ContainsFunc(r.Images, func(i Image) bool { return i.Soon(r.SoonUntil) }) ||
		slices.ContainsFunc(r.Exceptions, func(e Exception) bool { return slices.Contains(e.Findings, Soon) || slices.Contains(e.Findings, Ended) })
}

// note says what limits the report.
func (r *Report) note() {
	if n := r.Summary.Finished; n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("Pods that have finished are left out: %d.", n))
	}
	if r.Summary.Images == 0 {
		r.Notes = append(r.Notes, "The objects use no image. Give it pods, as by kubectl get pods -A -o json.")
	}
	for _, i := range r.Images {
		if i.Outcome == Verified || i.Tag == nil || i.Tag.Outcome != Verified {
			continue
		}
		r.Notes = append(r.Notes, "The digest that a runtime reports is not verified for some images, and their tag is. "+
			"Some runtimes report the digest of one platform, and the signature is on the index of all: verify the tag by hand, and name the image by the digest of its index.")
		break
	}
}
