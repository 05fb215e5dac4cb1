package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// view is what the page shows, in its order.
type view struct {
	Made, Moment   string
	Headline, Lead string
	Cards          []card
	Months         []month
	TimelineText   string
	NoEnd          string
	Namespaces     []string
	Columns        []column
	Rows           []row
	Exceptions     []exceptionRow
	Totals         []totalsView
	Notes          []string
}

// card is a number in the summary; a click shows its images. Tone is a class of the style sheet.
type card struct {
	Label, Option, Show, Tone string
	Count                     int
}

// column is one of the table of images. Kind is how it sorts: by text or number.
type column struct {
	Name, Kind string
	Sorted     bool
}

// The tones of the style sheet.
const (
	good     = "good"
	bad      = "bad"
	open     = "open"
	excepted = "excepted"
	calm     = "calm"
)

// The values that the page's script filters by.
const (
	showVerified  = "verified"
	showRefused   = "refused"
	showUndecided = "undecided"
	showExcepted  = "excepted"
	showMoved     = "moved"
	showSoon      = "soon"
)

// view makes the page's contents of the report.
func (r *Report) view() *view {
	v := &view{
		Made: r.Made.UTC().Format("2 January 2006"), Moment: r.Made.UTC().Format("2 January 2006, 15:04"),
		Columns: []column{{"Verdict", "number", true}, {"Image", "text", false}, {"Signer", "text", false}, {"Signed", "text", false}, {"Lapses", "text", false}, {"Used by", "number", false}},
		Months:  r.months(),
	}
	v.Namespaces = r.namespaces()
	keys := map[string]int{}
	for i, name := range v.Namespaces {
		keys[name] = i
		v.Namespaces[i] = plainName(name)
	}
	shown := map[string]int{}
	for _, i := range r.Images {
		made := r.row(i, keys)
		for _, show := range strings.Fields(made.Show) {
			shown[show]++
		}
		v.Rows = append(v.Rows, made)
	}
	v.Cards = cards(len(v.Rows), shown, r.SoonUntil)
	v.Headline, v.Lead = r.headline(shown)
	v.TimelineText, v.NoEnd = r.timelineText()
	v.Exceptions = r.exceptionRows()
	v.Totals = r.totalsViews()
	for _, note := range r.Notes {
		v.Notes = append(v.Notes, printable.Text(note))
	}
	return v
}

func cards(all int, shown map[string]int, soon time.Time) []card {
	list := []card{
		{"images in use", "All images", "", "", all},
		{"verified", "Verified", showVerified, good, shown[showVerified]},
		{"refused", "Refused, without an exception", showRefused, bad, shown[showRefused]},
		{"undecided", "Undecided, without an exception", showUndecided, open, shown[showUndecided]},
		{"admitted by exceptions", "Admitted by exceptions", showExcepted, excepted, shown[showExcepted]},
		{"lapse by " + soon.UTC().Format("2 Jan"), "Lapse soon", showSoon, open, shown[showSoon]},
		{"with a tag that moved", "Tag moved", showMoved, calm, shown[showMoved]},
	}
	// A colour is a warning where there is something to see.
	for i := range list {
		if list[i].Count == 0 {
			list[i].Tone = calm
		}
	}
	return list
}

// headline says in one sentence how things stand.
func (r *Report) headline(shown map[string]int) (title, lead string) {
	all, refused, undecided := len(r.Images), shown[showRefused], shown[showUndecided]
	switch {
	case all == 0 && len(r.Exceptions) > 0:
		return fmt.Sprintf("%s of what must be signed", count(len(r.Exceptions), "exception", "exceptions")), "Exceptions alone: no image was asked about."
	case all == 0:
		return "No image is in use", "The objects that were given use no image."
	case refused+undecided > 0:
		title = fmt.Sprintf("%s of %d not verified, and not excepted", count(refused+undecided, "image", "images"), all)
	case shown[showExcepted] > 0:
		title = "Every image is verified, or admitted by an exception"
	default:
		title = "Every image is verified"
	}
	return title, fmt.Sprintf("%d verified, %d refused, %d undecided and %d admitted by exceptions, in %s of %s.",
		shown[showVerified], refused, undecided, shown[showExcepted],
		count(r.Summary.Objects, "object", "objects"), count(r.Summary.Namespaces, "namespace", "namespaces"))
}

// namespaces are those of all images, by name.
func (r *Report) namespaces() []string {
	var all []string
	for _, i := range r.Images {
		all = append(all, i.Namespaces...)
	}
	return distinct(slices.Clone(all))
}

// plainName is a namespace as it is shown.
func plainName(name string) string {
	if name == "" {
		return "(none)"
	}
	return printable.Text(name)
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
