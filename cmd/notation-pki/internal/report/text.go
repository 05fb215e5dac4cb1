package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Text draws the tree, and after it what is to be mended.
func (r *Report) Text() string {
	p := &page{}
	for _, c := range r.Certificates {
		r.draw(p, c)
	}
	r.drawStrays(p)
	for _, note := range r.Notes {
		p.line(0, "note: %s", note)
	}
	for _, found := range r.Problems {
		p.line(0, "problem: %s", found.Text)
	}
	return p.String()
}

// page is text in which nothing moves the cursor.
type page struct{ strings.Builder }

func (p *page) line(depth int, format string, args ...any) {
	fmt.Fprintf(p, "%s%s\n", strings.Repeat("    ", depth), printable.Text(fmt.Sprintf(format, args...)))
}

// end leaves a line free after what belongs together.
func (p *page) end() { fmt.Fprintln(p) }

// field is a line below a certificate's or CRL's first, left out where there is nothing to say.
func (p *page) field(depth int, name, value string) {
	if value != "" {
		p.line(depth, "  %-11s %s", name, value)
	}
}

func (p *page) fields(depth int, name string, values []string) {
	for _, value := range values {
		p.field(depth, name, value)
		name = ""
	}
}

func (r *Report) draw(p *page, c Certificate) {
	at := depthOf(c.cert)
	p.line(at, "%s  %s%s", inWords(c.cert), c.cert.Name(), r.marks(c))
	p.field(at, "issuer", c.NoIssuer)
	p.field(at, "subject", c.Subject)
	p.field(at, "generation", c.generation())
	p.field(at, "valid", fmt.Sprintf("%s to %s UTC, %s", c.cert.NotBefore.UTC().Format(time.DateOnly), c.cert.NotAfter.UTC().Format(time.DateOnly), r.left(c)))
	p.field(at, "revoked", c.revocation())
	p.field(at, "identity", c.identity())
	p.field(at, "key", c.KeyType)
	p.field(at, "serial", c.Serial)
	p.field(at, "SHA-256", c.SHA256)
	p.field(at, "SHA-1", c.SHA1)
	p.fields(at, "CRL at", c.CRLURLs)
	p.fields(at, "OCSP at", c.OCSPURLs)
	p.fields(at, "in", c.Files)
	for _, b := range c.Violations {
		p.field(at, "BREAKS", fmt.Sprintf("the rule %s: %s", b.Rule, b.Text))
	}
	p.fields(at, "warning", c.Warnings)
	r.drawCRLs(p, at, c)
	p.end()
}

func depthOf(c *inventory.Cert) int { return len(c.Chain()) - 1 }

func inWords(c *inventory.Cert) string {
	role := rules.RoleOf(c.Certificate)
	if role == rules.RoleOther && inventory.ForSigning(c.Certificate) {
		return "certificate that does not say that it is a signer's"
	}
	return map[rules.Role]string{
		rules.RoleRoot:         "root CA",
		rules.RoleIntermediate: "intermediate CA",
		rules.RoleSigner:       "signer",
		rules.RoleTSA:          "timestamp authority",
		rules.RoleOther:        "certificate for TLS or another use, not for signing",
	}[role]
}

// marks are what must not be overlooked.
func (r *Report) marks(c Certificate) string {
	var marks []string
	if !c.cert.NotAfter.After(r.now) {
		marks = append(marks, "ENDED")
	}
	if c.Revoked != nil {
		marks = append(marks, "REVOKED")
	}
	if c.NoIssuer != "" {
		marks = append(marks, "ISSUER NOT HERE")
	}
	if len(marks) == 0 {
		return ""
	}
	return "  [" + strings.Join(marks, ", ") + "]"
}

func (c Certificate) generation() string {
	if c.Superseded {
		return c.Generation + ", superseded by a newer one"
	}
	return c.Generation
}

func (r *Report) left(c Certificate) string {
	if c.notYetValid {
		return fmt.Sprintf("not valid before %s", rfc3339(c.cert.NotBefore))
	}
	return daysLeft(c.cert.NotAfter, r.now)
}

func daysLeft(at, now time.Time) string {
	switch left := daysUntil(at, now); {
	case at.After(now):
		return days(left) + " left"
	case left == 0:
		return "ended less than a day ago"
	default:
		return "ended " + days(-left) + " ago"
	}
}

func (c Certificate) revocation() string {
	if c.Revoked == nil {
		return ""
	}
	return fmt.Sprintf("since %s, %s", c.Revoked.At.Format(time.DateOnly), c.Revoked.Reason)
}

// identity is JSON, ready for a trust policy.
func (c Certificate) identity() string {
	if c.Identity == "" {
		return c.NoIdentity
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c.Identity); err != nil {
		return err.Error() // no text fails
	}
	return strings.TrimSpace(quoted.String())
}

// drawCRLs shows the newest list of a CA, and counts the others.
func (r *Report) drawCRLs(p *page, at int, c Certificate) {
	older := 0
	for _, l := range r.CRLs {
		switch {
		case l.list.Issuer != c.cert:
		case l.Newest:
			r.drawCRL(p, at, l)
		default:
			older++
		}
	}
	if older > 0 {
		p.field(at, "", fmt.Sprintf("and %d older", older))
	}
}

func (r *Report) drawCRL(p *page, at int, l crlReport) {
	p.field(at, "CRL "+l.Number, fmt.Sprintf("of %s, next update %s UTC, %s; revokes %d",
		l.ThisUpdate.Format(time.DateOnly), l.NextUpdate.Format(time.DateOnly), daysLeft(l.NextUpdate, r.now), len(l.Revoked)))
	for _, r := range l.Revoked {
		p.field(at, "", fmt.Sprintf("  %s since %s, %s", r.Serial, r.At.Format(time.DateOnly), r.Reason))
	}
	p.fields(at, "  in", l.Files)
}

// drawStrays shows the lists of no CA that is here.
func (r *Report) drawStrays(p *page) {
	for _, l := range r.CRLs {
		if l.list.Issuer != nil {
			continue
		}
		mark := "ISSUER NOT HERE"
		if l.list.Forged {
			mark = "NOT SIGNED BY IT"
		}
		p.line(0, "CRL of  %s  [%s]", l.Issuer, mark)
		r.drawCRL(p, 0, l)
		p.end()
	}
}
