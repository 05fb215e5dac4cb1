package reports

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"io"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// The parts of the page that hold nothing of others.
var (
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

// HTML prints the report as one page that loads nothing. Text of others is escaped, and its content security policy lets
// nothing run but its own script. The page is made of Go functions, as html/template would make the linker keep every
// method of every type. The server would be half as large again.
func (r *Report) HTML(out io.Writer) error { return r.view().page().Render(out) }

// policy is the page's content security policy: its own style and script by their hashes, and nothing else from anywhere.
func policy() string {
	return "default-src 'none'; style-src '" + hashOf(pageStyle) + "'; script-src '" + hashOf(pageScript) + "'; base-uri 'none'; form-action 'none'"
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// page is the whole page. Nothing but style and script, which are our own, is written as it is.
func (v *view) page() g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(policy())),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.Meta(h.Name("color-scheme"), h.Content("light dark")),
			h.Meta(h.Name("referrer"), h.Content("no-referrer")),
			h.TitleEl(g.Text("Images in use, "+v.Made)),
			h.StyleEl(g.Raw(pageStyle)),
		),
		h.Body(
			h.A(h.Class("skip"), h.Href("#images"), g.Text("Skip to the images")),
			v.header(),
			h.Main(h.Class("wide"), v.images(), v.exceptions(), v.totals()),
			h.Footer(h.Class("wide"),
				each(v.Notes, func(note string) g.Node { return h.P(g.Text(note)) }),
				h.P(g.Text("Made "+v.Moment+" by notation-provider report. Times are in UTC. This page is one file: it loads nothing, and sends nothing.")),
			),
			h.Script(g.Raw(pageScript)),
		),
	))
}

func (v *view) header() g.Node {
	return h.Header(h.Div(h.Class("wide head"),
		h.Div(
			h.P(h.Class("eyebrow"), g.Text("Image signatures")),
			h.H1(g.Text(v.Headline)),
			h.P(h.Class("lead"), g.Text(v.Lead)),
		),
		button(h.ID("theme"), h.Class("script"), h.Aria("label", "Colours: as the system has them"),
			h.Span(unspoken(), g.Text("◐")), g.Text(" "), h.Span(h.Class("label"), g.Text("System"))),
	))
}

// each makes a node of each item.
func each[T any](items []T, make func(T) g.Node) g.Group { return g.Map(items, make) }

// when is the node where there is something to show.
func when(there bool, make func() g.Node) g.Node {
	if !there {
		return nil
	}
	return make()
}

// whenText makes a node of a text, where there is one.
func whenText(text string, make func(...g.Node) g.Node) g.Node {
	return when(text != "", func() g.Node { return make(g.Text(text)) })
}

func button(children ...g.Node) g.Node {
	return h.Button(append([]g.Node{h.Type("button")}, children...)...)
}

// unspoken hides a node from screen readers: its words are said elsewhere.
func unspoken() g.Node { return h.Aria("hidden", "true") }

// apart is text of others, which may run from right to left without turning what is beside it.
func apart(children ...g.Node) g.Node { return g.El("bdi", children...) }

// cell is a cell of a table with what it is sorted by.
func cell(by string, children ...g.Node) g.Node {
	return h.Td(append([]g.Node{h.Data("v", by)}, children...)...)
}
