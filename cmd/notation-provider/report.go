package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
)

// The outcomes, as verify -o json names them.
const (
	outcomeVerified  = "verified"
	outcomeRefused   = "refused"
	outcomeUndecided = "undecided"
)

// report is one image's outcome, as verify prints it.
type report struct {
	Image   string          `json:"image"`
	Outcome string          `json:"outcome"`
	Reason  provider.Reason `json:"reason,omitempty"`
	Cause   provider.Cause  `json:"cause,omitempty"`
	Detail  string          `json:"detail,omitempty"`
	Digest  string          `json:"digest,omitempty"`
	Policy  string          `json:"policy,omitempty"`
	Signer  string          `json:"signer,omitempty"`
	// SignerIdentity has the signer's attributes; Metadata is what was signed with the image. Both are there for a verified image.
	SignerIdentity map[string][]string  `json:"signerIdentity,omitempty"`
	Metadata       map[string]string    `json:"metadata,omitempty"`
	SignedAt       *time.Time           `json:"signedAt,omitempty"`
	Until          *time.Time           `json:"until,omitempty"`
	Lapses         []provider.Lapse     `json:"lapses,omitempty"`
	Warnings       []string             `json:"warnings"`
	Signatures     []provider.Signature `json:"signatures"`
	// You and PlatformTeam are what a developer and an administrator can do; "" if there is nothing.
	You          string `json:"you,omitempty"`
	PlatformTeam string `json:"platformTeam,omitempty"`
}

func reportOf(f provider.Finding) report {
	if f.Err != nil {
		// Here, unlike in an answer to Gatekeeper, URLs and addresses may be shown: who runs
		// the command can ask the registry, too.
		r := report{Image: f.Key, Outcome: outcomeUndecided, Cause: f.Err.Cause, Detail: detailOf(f.Err), Warnings: []string{}, Signatures: append([]provider.Signature{}, f.Err.Signatures...)}
		return r.advised(f.Err.Detail)
	}
	v := f.Verdict
	r := report{
		Image: f.Key, Outcome: outcomeRefused, Reason: v.Reason, Detail: v.Detail, Digest: v.Image.Digest.String(),
		Policy: v.Policy, Signer: v.Signer, SignerIdentity: v.SignerIdentity, Metadata: v.Metadata, SignedAt: nonZero(v.SignedAt), Until: nonZero(v.Until), Lapses: v.Lapses,
		Warnings: append([]string{}, v.Warnings...), Signatures: append([]provider.Signature{}, v.Signatures...),
	}
	if v.Good() {
		r.Outcome = outcomeVerified
		return r
	}
	return r.advised(v.Detail)
}

// verdictOf is the part that a report on many images has.
func verdictOf(r report) reports.Verdict {
	return reports.Verdict{
		Outcome: r.Outcome, Reason: r.Reason, Cause: r.Cause, Detail: r.Detail, Digest: r.Digest, Policy: r.Policy, Signer: r.Signer,
		SignedAt: r.SignedAt, Until: r.Until, Lapses: r.Lapses, Warnings: r.Warnings, You: r.You, PlatformTeam: r.PlatformTeam,
	}
}

func detailOf(err *provider.UndecidedError) string {
	known, _ := advice.Split(err.Detail) // the rest is what the platform team can do
	if err.Err == nil {
		return known
	}
	if unknown, ok := errors.AsType[*revocation.UnknownError](err.Err); ok {
		return known + ": " + unknown.Problems() // known has the certificate
	}
	return known + ": " + err.Err.Error()
}

func nonZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// printReports prints a report for each image.
func printReports(out io.Writer, reports []report) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteString("\n")
		}
		r.print(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r report) print(b *strings.Builder) {
	mark := map[string]string{outcomeVerified: "✓", outcomeRefused: "✗", outcomeUndecided: "?"}[r.Outcome]
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-11s %s\n", label, printable.Text(text))
		}
	}
	fmt.Fprintf(b, "%s %s  %s\n", mark, strings.ToUpper(r.Outcome), printable.Text(r.Image))
	line("reason", string(r.Reason))
	line("cause", string(r.Cause))
	line("detail", r.Detail)
	line("digest", r.Digest)
	line("policy", r.Policy)
	line("signer", r.Signer)
	for _, key := range slices.Sorted(maps.Keys(r.Metadata)) {
		line("metadata", key+"="+r.Metadata[key])
	}
	line("signed at", formatTime(r.SignedAt))
	line("valid until", formatTime(r.Until))
	for _, w := range r.Warnings {
		line("warning", w)
	}
	for i, s := range r.Signatures {
		line(fmt.Sprintf("signature %d", i+1), fmt.Sprintf("%s  %s", s.Digest, outcomeOf(s)))
		if known, _ := advice.Split(s.Detail); !strings.HasPrefix(r.Detail, known) { // what is the image's detail is told above
			line("", s.Detail)
		}
		for _, c := range s.Checks {
			line("", checkLine(c))
		}
	}
	line("you", r.You)
	line("platform", r.PlatformTeam)
}

func formatTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

func outcomeOf(s provider.Signature) string {
	if s.Undecided != "" {
		return "undecided: " + string(s.Undecided)
	}
	return string(s.Reason)
}

func checkLine(c provider.Check) string {
	switch {
	case c.Problem != "":
		return "· " + c.Name + ": failed (" + c.Action + "): " + c.Problem
	case c.Note != "":
		return "· " + c.Name + ": " + c.Note
	}
	return "· " + c.Name + ": passed"
}
