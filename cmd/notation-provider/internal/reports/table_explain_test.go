package reports_test

import (
	"strconv"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
)

// The table says below it what is wrong with images that would not be admitted, and with exceptions that count for nothing.
func TestTheTableExplainsWhatIsBlocked(t *testing.T) {
	refused := reports.Verdict{Outcome: reports.Refused, Detail: "no signature", You: "sign it", PlatformTeam: "add its CA"}
	r := &reports.Report{
		Images: []reports.Image{
			{Image: "harbor.example/refused", Verdict: refused},
			{Image: "harbor.example/undecided", Verdict: reports.Verdict{Outcome: reports.Undecided, Detail: "no answer", You: "try again"}},
			{Image: "harbor.example/excepted", Excepted: true, Verdict: refused},
			{Image: "harbor.example/verified", Verdict: reports.Verdict{Outcome: reports.Verified}},
		},
		Exceptions: []reports.Exception{{Pattern: "postgres", From: "SignedImages/all", Problem: "it has no end"}, {Pattern: "redis", From: "SignedImages/all"}},
	}
	want := `

harbor.example/refused: no signature
  you       sign it
  platform  add its CA

harbor.example/undecided: no answer
  you       try again

postgres in SignedImages/all is broken: it has no end.

0 images in 0 objects: `
	if text := print(t, r.Table); !strings.Contains(text, want) {
		t.Errorf("%s\nwant in it: %s", text, want)
	}
}

// Of many images the table explains the first, and says how many it leaves out.
func TestTheTableExplainsSome(t *testing.T) {
	r := &reports.Report{}
	for n := range 23 {
		r.Images = append(r.Images, reports.Image{Image: "harbor.example/" + strconv.Itoa(n), Verdict: reports.Verdict{Outcome: reports.Refused, Detail: "no signature"}})
	}
	text := print(t, r.Table)
	if got := strings.Count(text, ": no signature\n"); got != 20 {
		t.Errorf("%d are explained", got)
	}
	if !strings.Contains(text, "\n3 more are neither verified nor excepted; -o csv, json and html say why.\n") {
		t.Error(text)
	}
}
