package reports

import (
	"fmt"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// images are the summary, the timeline and the table of images; nothing where no image runs.
func (v *view) images() g.Node {
	return when(len(v.Rows) > 0, func() g.Node {
		return g.Group{
			h.Section(h.Aria("label", "Summary"), h.Ul(h.Class("cards"), each(v.Cards, card.node))),
			v.timeline(),
			h.Section(h.Aria("labelledby", "images"),
				h.H2(h.ID("images"), h.TabIndex("-1"), g.Text("What runs, and why it is trusted")),
				v.tools(),
				h.P(h.ID("count"), h.Role("status"), h.Aria("live", "polite"), g.Text(fmt.Sprintf("%d images", len(v.Rows)))),
				h.Div(h.Class("scroll"), v.table()),
				h.P(h.ID("more"), g.Attr("hidden"), button(h.ID("all"), g.Text("Show all"))),
				h.P(h.ID("nothing"), g.Attr("hidden"), g.Text("No image matches. "), button(h.ID("again"), g.Text("Show all images"))),
			),
		}
	})
}

func (c card) node() g.Node {
	return h.Li(button(h.Class("card "+c.Tone), h.Data("show", c.Show), h.Aria("pressed", "false"),
		h.B(g.Text(strconv.Itoa(c.Count))), g.Text(" "), h.Span(g.Text(c.Label))))
}

func (v *view) timeline() g.Node {
	return h.Section(h.Aria("labelledby", "h-timeline"),
		h.H2(h.ID("h-timeline"), g.Text("What lapses in the next year")),
		h.P(h.Class("hint"), g.Text(v.TimelineText)),
		h.Ol(h.Class("timeline"), each(v.Months, month.node)),
		h.P(h.Class("legend"),
			h.Span(h.Class("key images")), g.Text(" images whose signature or certificate ends "),
			h.Span(h.Class("key exceptions")), g.Text(" exceptions that end"),
			when(v.NoEnd != "", func() g.Node { return g.Group{g.Text(" "), h.Span(h.Class("aside"), g.Text(v.NoEnd))} })),
	)
}

func (m month) node() g.Node {
	class := "month"
	if !m.Any {
		class = "month none"
	}
	return h.Li(button(h.Class(class), h.Data("month", m.Key), h.Aria("pressed", "false"), h.Aria("label", m.Spoken),
		h.SVG(g.Attr("viewBox", "0 0 20 100"), g.Attr("preserveAspectRatio", "none"), unspoken(),
			bar("track", "0", "0", "20", "100"),
			bar("images", "0", strconv.Itoa(m.ImagesTop), "20", strconv.Itoa(m.ImagesHeight)),
			bar("exceptions", "0", strconv.Itoa(m.ExceptionsTop), "20", strconv.Itoa(m.ExceptionsHeight))),
		h.Span(h.Class("counts"), unspoken(),
			when(m.Images > 0, func() g.Node { return h.B(g.Text(strconv.Itoa(m.Images))) }),
			when(m.Exceptions > 0, func() g.Node { return g.Group{g.Text(" "), h.I(g.Text(strconv.Itoa(m.Exceptions)))} }),
			when(!m.Any, func() g.Node { return g.Text("·") })),
		h.Span(h.Class("name"), unspoken(), g.Text(m.Name)),
	))
}

// bar is a rectangle of a drawing.
func bar(class, x, y, width, height string) g.Node {
	return g.El("rect", h.Class(class), g.Attr("x", x), g.Attr("y", y), h.Width(width), h.Height(height))
}

// tools search and filter. The script shows them.
func (v *view) tools() g.Node {
	namespaces := []g.Node{h.ID("namespace"), h.Option(h.Value(""), g.Text("All"))}
	for i, name := range v.Namespaces {
		namespaces = append(namespaces, h.Option(h.Value(strconv.Itoa(i)), g.Text(name)))
	}
	shows := []g.Node{h.ID("show"), h.Option(h.Value(""), g.Text("All images"))}
	for _, c := range v.Cards {
		if c.Show != "" {
			shows = append(shows, h.Option(h.Value(c.Show), g.Text(c.Option)))
		}
	}
	return h.Form(h.Class("tools script"), h.Role("search"),
		h.Label(h.Class("search"), g.Text("Search "), h.Input(h.Type("search"), h.ID("search"), h.Placeholder("image, signer, pod, reason"),
			h.AutoComplete("off"), g.Attr("spellcheck", "false"), h.Aria("keyshortcuts", "/"))),
		h.Label(g.Text("Namespace "), h.Select(namespaces...)),
		h.Label(g.Text("Show "), h.Select(shows...)),
		h.Button(h.Type("reset"), h.ID("clear"), g.Text("Clear")),
		h.Span(h.Class("keys"), h.Kbd(g.Text("/")), g.Text(" search "), h.Kbd(g.Text("↑")), g.Text(" "), h.Kbd(g.Text("↓")),
			g.Text(" move "), h.Kbd(g.Text("Enter")), g.Text(" open")),
	)
}

func (v *view) table() g.Node {
	return h.Table(h.ID("runs"), h.Class("runs"), h.Role("table"),
		h.Caption(h.Class("unseen"), g.Text("Images that run, with their verdicts")),
		h.THead(h.Role("rowgroup"), h.Tr(h.Role("row"), each(v.Columns, func(c column) g.Node {
			return h.Th(h.Role("columnheader"), h.Data("kind", c.Kind), g.If(c.Sorted, h.Aria("sort", "ascending")), button(g.Text(c.Name)))
		}))),
		h.TBody(h.Role("rowgroup"), each(v.Rows, row.node)),
	)
}

func (r row) node() g.Node {
	role := h.Role("cell")
	return h.Tr(h.Role("row"), h.Data("o", r.Show), h.Data("n", r.NamespaceKeys), h.Data("m", r.Month),
		cell(strconv.Itoa(r.Rank), role, h.Span(h.Class("pill "+r.Tone), g.Text(r.Mark))),
		cell(r.Image, role, r.details(),
			when(r.Brief != "", func() g.Node { return h.Small(apart(g.Text(r.Brief))) }),
			each(r.Badges, badge.node)),
		cell(r.Signer, role, apart(h.Title(r.SignerWhole), g.Text(r.Signer))),
		cell(r.Signed, role, g.Text(r.Signed)),
		cell(r.LapseKey, role, g.Text(r.Lapse), whenText(r.LapseBy, h.Small)),
		cell(strconv.Itoa(r.Used), role, h.B(g.Text(strconv.Itoa(r.Used))), g.Text(" "), h.Small(apart(g.Text(r.Where)))),
	)
}

// details are what a row tells when it is opened.
func (r row) details() g.Node {
	return h.Details(h.Summary(apart(g.Text(r.Image))),
		h.P(g.Text(r.Why)),
		when(r.Do != "", func() g.Node { return h.P(h.Strong(g.Text("What to do.")), g.Text(" "+r.Do)) }),
		h.Dl(each(r.Facts, func(f fact) g.Node {
			return g.Group{h.Dt(g.Text(f.Name)), each(f.Values, func(value string) g.Node { return h.Dd(apart(g.Text(value))) })}
		})),
	)
}

func (b badge) node() g.Node { return h.Span(h.Class("badge "+b.Tone), g.Text(b.Text)) }
