package reports

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Table prints the report for a terminal.
func (r *Report) Table(out io.Writer) error {
	table := newTable(out)
	table.row("OUTCOME", "IMAGE", "REASON", "POLICY", "SIGNER", "SIGNED", "LAPSES", "USED BY", "EXCEPTED UNTIL")
	for _, i := range r.Images {
		table.row(i.mark(), i.name(), i.why(), i.Policy, CommonName(i.Signer), date(i.SignedAt), i.lapses(), i.usedBy(), i.exceptedUntil())
	}
	for _, kind := range []struct {
		name string
		list []Total
	}{{"REGISTRY", r.Registries}, {"SIGNER", r.Signers}} {
		if len(kind.list) == 0 {
			continue
		}
		table.row("")
		table.row(kind.name, "IMAGES", "VERIFIED", "REFUSED", "UNDECIDED", "EXCEPTED")
		for _, t := range kind.list {
			table.row(orNone(t.Name), number(t.Images), number(t.Verified), number(t.Refused), number(t.Undecided), number(t.Excepted))
		}
	}
	if len(r.Exceptions) > 0 {
		table.row("")
		table.exceptions(r.Exceptions)
	}
	if err := table.flush(); err != nil {
		return err
	}
	var b strings.Builder
	r.explain(&b)
	for _, e := range r.Exceptions {
		e.explain(&b)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return r.printSummary(out)
}

// ExceptionsTable prints the exceptions alone, with what would be enough in place of broad ones.
func (r *Report) ExceptionsTable(out io.Writer) error {
	table := newTable(out)
	table.exceptions(r.Exceptions)
	if err := table.flush(); err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range r.Exceptions {
		e.explain(&b)
		if e.Enough != nil {
			fmt.Fprintf(&b, "\n%s in %s covers more than what runs. This is enough:\n  images: %s\n", printable.Text(e.Pattern), printable.Text(e.From), listed(e.Enough.Patterns))
			if len(e.Enough.Namespaces) > 0 {
				fmt.Fprintf(&b, "  namespaces: %s\n", listed(e.Enough.Namespaces))
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *Report) printSummary(out io.Writer) error {
	s := r.Summary
	text := fmt.Sprintf("\n%d images in %d objects: %d verified, %d refused, %d undecided; exceptions admit %d of those that are not verified.\n",
		s.Images, s.Objects, s.Verified, s.Refused, s.Undecided, s.Excepted)
	if s.Moved > 0 {
		text += fmt.Sprintf("%d have a tag that stands for another digest now (moved): a new pod would not run what runs.\n", s.Moved)
	}
	if s.Soon > 0 {
		text += fmt.Sprintf("%d lapse by %s: sign them again, with a timestamp.\n", s.Soon, r.SoonUntil.Format(time.DateOnly))
	}
	for _, note := range r.Notes {
		text += printable.Text(note) + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}

// tabular prints columns.
type tabular struct{ to *tabwriter.Writer }

func newTable(out io.Writer) *tabular {
	return &tabular{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

// row prints a row; text of others is made printable.
func (t *tabular) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = printable.Text(cell)
	}
	fmt.Fprintln(t.to, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t *tabular) exceptions(all []Exception) {
	t.row("EXCEPTION", "FROM", "EXPIRES", "NAMESPACES", "IMAGES", "FINDINGS", "REASON")
	for _, e := range all {
		findings := make([]string, 0, len(e.Findings))
		for _, f := range e.Findings {
			findings = append(findings, string(f))
		}
		t.row(e.Pattern, e.From, e.Expires, orAll(e.Namespaces), number(len(e.Images)), strings.Join(findings, ","), e.Reason)
	}
}

func (t *tabular) flush() error { return t.to.Flush() }
