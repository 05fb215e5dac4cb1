package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// row is what was said of one image.
type row struct {
	*example
	reason, digest, signer string
	cold, warm             time.Duration
}

// ask asks about every image, and again.
func (s *stage) ask(ctx context.Context, asker *rig.GatekeeperClient) ([]row, error) {
	if _, err := asker.Validate(ctx); err != nil { // the handshake does not count into the time
		return nil, err
	}
	var rows []row
	for _, e := range s.cases {
		r := row{example: e}
		for _, took := range []*time.Duration{&r.cold, &r.warm} {
			answer, err := asker.Validate(ctx, e.key)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			*took = answer.Took
			r.read(answer)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// read takes a verdict off the wire, as a policy would. What does not say in so many words that the
// image is verified does not.
func (r *row) read(answer *rig.Answer) {
	item, ok := answer.Items[r.key]
	if !ok {
		r.reason = "undecided"
		return
	}
	r.reason, _, _ = strings.Cut(item.Error, ":")
	value, _ := item.Value.(map[string]any)
	if item.Error == "" && value["verified"] == true {
		r.reason = "verified"
		r.digest, _ = value["digest"].(string)
		r.signer, _ = value["signer"].(string)
	}
}

// show prints the table and says whether all is as it should be.
func show(out io.Writer, rows []row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  \tIMAGE\tWHICH IS\tREASON\tDIGEST\tSIGNER\tCOLD\tWARM")
	var wrong []string
	for _, r := range rows {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark(r.reason), r.name, r.story, r.reason, short(r.digest), name(r.signer), ms(r.cold), ms(r.warm))
		if r.reason != r.want {
			wrong = append(wrong, fmt.Sprintf("%s: got %s, want %s", r.name, r.reason, r.want))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return fmt.Errorf("not every verdict is the right one:\n  %s", strings.Join(wrong, "\n  "))
	}
	fmt.Fprintf(out, `
✓ verified   ✗ refused: known not to be good   ? undecided: not known, not remembered, not admitted

All %d verdicts are as they should be. The last was answered at the deadline, answerWithin: an admission never
hangs on a registry. It is not remembered, and its check goes on.
`, len(rows))
	return nil
}

// retryEvery is how often the demo asks again about an image whose check goes on.
const retryEvery = 100 * time.Millisecond

// recover ends the trouble and asks again about what was undecided, until its check is done.
func (s *stage) recover(ctx context.Context, out io.Writer, asker *rig.GatekeeperClient) error {
	s.heal()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	last := row{example: s.cases[len(s.cases)-1]}
	answer, err := asker.Validate(ctx, last.key)
	for err == nil {
		if last.read(answer); last.reason == "verified" {
			break
		}
		select {
		case <-retry.C:
			answer, err = asker.Validate(ctx, last.key)
		case <-ctx.Done():
			return fmt.Errorf("%s: got %s after the registry recovered, want verified", last.name, last.reason)
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
The registry answers again: %s %s, %s.
`, last.name, last.reason, ms(answer.Took))
	return nil
}

func mark(reason string) string {
	switch reason {
	case "verified":
		return "✓"
	case "undecided":
		return "?"
	}
	return "✗"
}

func short(digest string) string {
	if len(digest) < 19 {
		return "-"
	}
	return digest[:19] + "…"
}

// name is the common name of a distinguished name.
func name(signer string) string {
	for part := range strings.SplitSeq(signer, ",") {
		if cn, ok := strings.CutPrefix(part, "CN="); ok {
			return cn
		}
	}
	return "-"
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
