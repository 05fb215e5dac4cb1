package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// FindEnds adds the certificates and CRLs that end within a time as problems.
func (r *Report) FindEnds(within time.Duration) {
	last := r.now.Add(within)
	for _, c := range r.inventory.Certs {
		if c.ExpiryMatters(r.now) && !c.NotAfter.After(last) {
			r.Problems = append(r.Problems, problem{inventory.EndsTooSoon, label(c) + " " + endsOn(c.NotAfter, r.now), c.ID})
		}
	}
	for _, l := range r.inventory.Lists {
		// A list past its next update is a problem already.
		if l.ExpiryMatters(r.now) && l.NextUpdate.After(r.now) && !l.NextUpdate.After(r.now.Add(dueWithin(l, within))) {
			name := cmp.Or(l.RevocationList.Issuer.CommonName, l.RevocationList.Issuer.String())
			r.Problems = append(r.Problems, problem{Kind: inventory.EndsTooSoon, Text: fmt.Sprintf("%s: the CRL of %s %s", l.Files[0], printable.Quote(name), endsOn(l.NextUpdate, r.now))})
		}
	}
}

// dueWithin limits the time for a CRL to the last third of its validity. A list that is valid for two weeks would fail a
// check for thirty days from the start.
func dueWithin(l *inventory.List, within time.Duration) time.Duration {
	return min(within, l.NextUpdate.Sub(l.ThisUpdate)/3)
}

// endsOn is when something ends, and in how many days.
func endsOn(at, now time.Time) string {
	left := daysUntil(at, now)
	date := at.UTC().Format(time.DateOnly)
	switch {
	case !at.After(now) && left == 0:
		return "ended on " + date + ", less than a day ago"
	case !at.After(now):
		return fmt.Sprintf("ended on %s, %s ago", date, days(-left))
	case left == 0:
		return "ends on " + date + ", in less than a day"
	}
	return fmt.Sprintf("ends on %s, in %s", date, days(left))
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// ExitProblems is the exit code of a report with problems.
const ExitProblems = 3

// Verdict is nil if all is well, and an error with the exit code if not. A file that cannot be read counts more than
// problems: it may hide others.
func (r *Report) Verdict() error {
	if len(r.Problems) == 0 && len(r.Certificates)+len(r.CRLs)+len(r.Notes) == 0 {
		return fmt.Errorf("%s holds no certificate and no CRL", r.Target)
	}
	if slices.ContainsFunc(r.Problems, func(p problem) bool { return p.Kind == inventory.Unreadable }) {
		return fmt.Errorf("%s: not all of it could be read", r.Target)
	}
	switch n := len(r.Problems); n {
	case 0:
		return nil
	case 1:
		return cli.Exit(ExitProblems, fmt.Errorf("%s: 1 problem", r.Target))
	default:
		return cli.Exit(ExitProblems, fmt.Errorf("%s: %d problems", r.Target, n))
	}
}

func daysUntil(t, now time.Time) int { return int(t.Sub(now) / (24 * time.Hour)) }
