package reports

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// CSV prints a line for each image, as RFC 4180 has it, for a spreadsheet. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
func (r *Report) CSV(out io.Writer) error {
	rows := csv.NewWriter(out)
	header := []string{
		"outcome", "image", "registry", "running", "reason", "cause", "detail", "digest", "policy", "signer", "signedAt", "lapsesAt", "lapsesBy",
		"tagDigest", "tagOutcome", "moved", "excepted", "exceptedUntil", "exceptionReasons", "namespaces", "uses", "constraint", "question",
	}
	if err := rows.Write(header); err != nil {
		return err
	}
	for _, i := range r.Images {
		if err := rows.Write(cells(i.fields()...)); err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// fields are those of CSV's header.
func (i Image) fields() []string {
	var lapsesAt, lapsesBy, tagDigest, tagOutcome string
	if i.Lapse != nil {
		lapsesAt, lapsesBy = i.Lapse.At.UTC().Format(time.RFC3339), string(i.Lapse.By)
	}
	if i.Tag != nil {
		tagDigest, tagOutcome = i.Tag.Digest, i.Tag.Outcome
	}
	var reasons, uses []string
	for _, e := range i.Exceptions {
		reasons = append(reasons, e.Reason)
	}
	for _, use := range i.Uses {
		uses = append(uses, use.Kind+"/"+use.Namespace+"/"+use.Name)
	}
	signed := ""
	if i.SignedAt != nil {
		signed = i.SignedAt.UTC().Format(time.RFC3339)
	}
	return []string{
		i.Outcome, i.Image, i.Registry, i.Running, string(i.Reason), string(i.Cause), i.Detail, i.Digest, i.Policy, i.Signer, signed, lapsesAt, lapsesBy,
		tagDigest, tagOutcome, yes(i.Moved()), yes(i.Excepted), i.exceptedUntil(), strings.Join(reasons, " | "),
		strings.Join(i.Namespaces, " "), strings.Join(uses, " "), i.Constraint, i.Question,
	}
}

// ExceptionsCSV prints a line for each exception.
func (r *Report) ExceptionsCSV(out io.Writer) error {
	rows := csv.NewWriter(out)
	if err := rows.Write([]string{"pattern", "from", "reason", "expires", "namespaces", "findings", "problem", "images", "enoughPatterns", "enoughNamespaces"}); err != nil {
		return err
	}
	for _, e := range r.Exceptions {
		var findings []string
		for _, f := range e.Findings {
			findings = append(findings, string(f))
		}
		enough := Enough{}
		if e.Enough != nil {
			enough = *e.Enough
		}
		if err := rows.Write(cells(e.Pattern, e.From, e.Reason, e.Expires, strings.Join(e.Namespaces, " "), strings.Join(findings, " "), e.Problem,
			strings.Join(e.Images, " "), strings.Join(enough.Patterns, " "), strings.Join(enough.Namespaces, " "))); err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// formula is what a spreadsheet may take for the begin of a formula. It stands at the begin of a cell, or behind a semicolon.
// A semicolon separates cells where the comma is the decimal sign, in quotes too. OWASP's page on CSV injection has the
// characters.
var formula = regexp.MustCompile("(^|;)([\\s\"]*[=+@\uff1d\uff0b\uff0d\uff20-])")

// cells makes text of others harmless: no control characters, and no formula, which a spreadsheet would compute.
func cells(fields ...string) []string {
	for i, field := range fields {
		fields[i] = formula.ReplaceAllString(printable.Text(field), "$1'$2")
	}
	return fields
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
