package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// maxTotalsShown is how many registries or signers the page shows. The JSON has all.
const maxTotalsShown = 20

// exceptionRow is one exception on the page.
type exceptionRow struct {
	Month, Key, Expires, Pattern, Where, Reason, From string
	Used, Rank                                        int
	Findings                                          []badge
	Enough                                            string
}

// exceptionRows are the exceptions, those that end first before the others.
func (r *Report) exceptionRows() []exceptionRow {
	rows := make([]exceptionRow, 0, len(r.Exceptions))
	for _, e := range r.Exceptions {
		rows = append(rows, e.row())
	}
	slices.SortStableFunc(rows, func(a, b exceptionRow) int { return cmp.Compare(a.Key, b.Key) })
	return rows
}

func (e Exception) row() exceptionRow {
	out := exceptionRow{
		Month: e.month(), Key: sortKey(e.Expires), Expires: printable.Text(e.Expires), Pattern: printable.Text(e.Pattern), Where: "in all namespaces",
		Reason: printable.Text(e.Reason), From: printable.Text(e.From), Used: len(e.Images), Rank: len(Findings()),
	}
	if len(e.Namespaces) > 0 {
		out.Where = printable.Text("in " + strings.Join(e.Namespaces, ", "))
	}
	for _, f := range e.Findings {
		out.Findings = append(out.Findings, badge{f.words(), f.tone()})
		out.Rank = min(out.Rank, slices.Index(Findings(), f))
	}
	if e.Problem != "" {
		out.Enough = sentence(upper(e.Problem))
	}
	if e.Enough != nil {
		out.Enough = printable.Text("Enough: " + strings.Join(e.Enough.Patterns, ", "))
		if len(e.Enough.Namespaces) > 0 {
			out.Enough += printable.Text(" in " + strings.Join(e.Enough.Namespaces, ", "))
		}
	}
	return out
}

// words are those of the page.
func (f Finding) words() string {
	switch f {
	case Broken:
		return "counts for nothing"
	case Ended:
		return "has ended"
	case Soon:
		return "ends soon"
	case Unused:
		return "nothing uses it"
	case Broader:
		return "broader than what runs"
	}
	return printable.Text(string(f))
}

func (f Finding) tone() string {
	switch f {
	case Broken, Ended:
		return bad
	case Soon:
		return open
	case Unused, Broader:
		return calm
	}
	return calm
}

// totalsView is a list of registries, or of signers.
type totalsView struct {
	Title, More string
	Lines       []totalLine
}

// totalLine is one of them. Its bars are out of 100.
type totalLine struct {
	Name, Whole, Text string
	Bars              []totalBar
}

type totalBar struct {
	Tone     string
	X, Width float64
}

func (r *Report) totalsViews() []totalsView {
	var all []totalsView
	for _, kind := range []struct {
		title string
		list  []Total
	}{{"Registries", r.Registries}, {"Signers", r.Signers}} {
		if len(kind.list) == 0 {
			continue
		}
		v := totalsView{Title: kind.title}
		for _, t := range kind.list[:min(maxTotalsShown, len(kind.list))] {
			v.Lines = append(v.Lines, t.line())
		}
		if more := len(kind.list) - len(v.Lines); more > 0 {
			v.More = fmt.Sprintf("And %d more with fewer images.", more)
		}
		all = append(all, v)
	}
	return all
}

func (t Total) line() totalLine {
	name := printable.Text(CommonName(t.Name))
	if t.Name == "" {
		name = "no image reference"
	}
	line := totalLine{Name: name, Whole: printable.Text(t.Name), Text: fmt.Sprintf("%d of %s verified", t.Verified, count(t.Images, "image", "images"))}
	x := 0.0
	for _, part := range []struct {
		tone string
		n    int
	}{{good, t.Verified}, {excepted, t.Excepted}, {bad, t.Images - t.Verified - t.Excepted}} {
		if part.n <= 0 || t.Images <= 0 {
			continue
		}
		width := float64(part.n) / float64(t.Images) * 100
		line.Bars = append(line.Bars, totalBar{part.tone, x, width})
		x += width
	}
	return line
}
