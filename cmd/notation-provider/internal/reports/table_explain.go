package reports

import (
	"fmt"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// maxExplained bounds the images that the table explains below it. The worst come first; the other forms explain all.
const maxExplained = 20

// explain says of each image that would not be admitted what is wrong with it, and what to do, in the words of verify.
func (r *Report) explain(b *strings.Builder) {
	blocked := 0
	for _, i := range r.Images {
		if i.Outcome == Verified || i.Excepted {
			continue
		}
		if blocked++; blocked > maxExplained {
			continue
		}
		fmt.Fprintf(b, "\n%s: %s\n", printable.Text(i.name()), printable.Text(i.Detail))
		for _, do := range []struct{ who, what string }{{"you", i.You}, {"platform", i.PlatformTeam}} {
			if do.what != "" {
				fmt.Fprintf(b, "  %-8s  %s\n", do.who, printable.Text(do.what))
			}
		}
	}
	if more := blocked - maxExplained; more > 0 {
		fmt.Fprintf(b, "\n%d more are neither verified nor excepted; -o csv, json and html say why.\n", more)
	}
}

// explain says why an exception counts for nothing, if it does.
func (e Exception) explain(b *strings.Builder) {
	if e.Problem != "" {
		fmt.Fprintf(b, "\n%s in %s is broken: %s.\n", printable.Text(e.Pattern), printable.Text(e.From), printable.Text(e.Problem))
	}
}
