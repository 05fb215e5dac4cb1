package reports

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// exceptions is the table of exceptions; nothing where there are none.
func (v *view) exceptions() g.Node {
	return when(len(v.Exceptions) > 0, func() g.Node {
		head := func(kind, name string, more ...g.Node) g.Node {
			return h.Th(append([]g.Node{h.Scope("col"), h.Data("kind", kind), button(g.Text(name))}, more...)...)
		}
		return h.Section(h.Aria("labelledby", "h-exceptions"),
			h.H2(h.ID("h-exceptions"), g.Text("Exceptions by their end")),
			h.P(h.Class("hint"), g.Text("An exception admits images that are not verified, because somebody vetted them.")),
			h.Div(h.Class("scroll"), h.Table(h.Class("exceptions"), h.ID("exceptions"),
				h.THead(h.Tr(
					head("text", "Last day", h.Aria("sort", "ascending")), head("text", "Images it covers"), head("text", "Reason"),
					head("number", "Used"), head("text", "Findings"))),
				h.TBody(each(v.Exceptions, exceptionRow.node)),
			)),
		)
	})
}

func (e exceptionRow) node() g.Node {
	return h.Tr(h.Data("m", e.Month),
		cell(e.Key, g.Text(e.Expires)),
		cell(e.Pattern, h.Code(apart(g.Text(e.Pattern))), h.Small(apart(g.Text(e.Where)))),
		cell(e.Reason, apart(g.Text(e.Reason)), h.Small(apart(g.Text(e.From)))),
		cell(strconv.Itoa(e.Used), g.Text(strconv.Itoa(e.Used))),
		cell(strconv.Itoa(e.Rank), each(e.Findings, badge.node), whenText(e.Enough, h.Small)),
	)
}

// totals are the sums by registry and signer.
func (v *view) totals() g.Node {
	return when(len(v.Totals) > 0, func() g.Node {
		return h.Div(h.Class("pair"), each(v.Totals, func(t totalsView) g.Node {
			return h.Section(h.H2(g.Text(t.Title)), h.Ul(h.Class("totals"), each(t.Lines, totalLine.node)),
				when(t.More != "", func() g.Node { return h.P(h.Class("hint"), g.Text(t.More)) }))
		}))
	})
}

func (t totalLine) node() g.Node {
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	return h.Li(
		h.Span(h.Class("who"), apart(h.Title(t.Whole), g.Text(t.Name))), h.Span(h.Class("many"), g.Text(t.Text)), g.Text(" "),
		h.SVG(g.Attr("viewBox", "0 0 100 4"), g.Attr("preserveAspectRatio", "none"), unspoken(),
			bar("track", "0", "0", "100", "4"),
			each(t.Bars, func(b totalBar) g.Node { return bar(b.Tone, decimal(b.X), "0", decimal(b.Width), "4") })),
	)
}
