package reports

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// row is one image on the page.
type row struct {
	// Show, NamespaceKeys and Month are what the page filters by.
	Show, NamespaceKeys, Month string

	Rank                     int
	Mark, Tone, Image        string
	Why, Do, Brief           string
	Facts                    []fact
	Badges                   []badge
	Signer, SignerWhole      string
	Signed                   string
	Lapse, LapseBy, LapseKey string
	Used                     int
	Where                    string
}

// fact is a name and its values.
type fact struct {
	Name   string
	Values []string
}

// badge is a word beside an image or an exception.
type badge struct{ Text, Tone string }

// row makes the row of an image. Keys are the places of the namespaces in the page's list.
func (r *Report) row(i Image, keys map[string]int) row {
	out := row{
		Rank: rank(i), Mark: i.mark(), Image: printable.Text(orNoImage(i.Image)), Why: i.explain(), Do: i.todo(), Facts: i.facts(),
		Signer: printable.Text(CommonName(i.Signer)), SignerWhole: printable.Text(i.Signer), Signed: date(i.SignedAt),
		Used: len(i.Uses), Where: i.where(),
	}
	show := i.shown(&out)
	if i.Soon(r.SoonUntil) {
		show = append(show, showSoon)
		out.Badges = append(out.Badges, badge{"lapses soon", open})
	}
	if i.Moved() {
		show = append(show, showMoved)
		out.Badges = append(out.Badges, badge{"tag moved", calm})
	}
	out.Show = strings.Join(show, " ")
	out.LapseKey, out.Lapse, out.LapseBy, out.Month = i.lapseCells()
	if i.Outcome != Verified {
		out.Brief = i.brief()
	}
	var places []string
	for _, name := range i.Namespaces {
		places = append(places, strconv.Itoa(keys[name]))
	}
	out.NamespaceKeys = strings.Join(places, " ")
	return out
}

// shown is what the page's filter has of the outcome; it sets the tone.
func (i Image) shown(out *row) []string {
	switch {
	case i.Outcome == Verified:
		out.Tone = good
		return []string{showVerified}
	case i.Excepted:
		out.Tone = excepted
		return []string{showExcepted}
	case i.Outcome == Undecided:
		out.Tone = open
		return []string{showUndecided}
	}
	out.Tone = bad
	return []string{showRefused}
}

// lapseCells are the end to act on: to sort by, to show, what ends, and its month. For an image that an exception admits it
// is that of the exception.
func (i Image) lapseCells() (key, day, by, month string) {
	if i.Outcome != Verified {
		until := i.exceptedUntil()
		if until == "" {
			return "", "", "", ""
		}
		return sortKey(until), printable.Text(until), "the exception", monthOf(until)
	}
	if i.Lapse == nil {
		return sortKey(exception.Never), "no end", "", ""
	}
	at := i.Lapse.At.UTC()
	return at.Format(time.RFC3339), at.Format(time.DateOnly), ends(i.Lapse.By), monthKey(at)
}

// brief is the reason or the cause, and the beginning of the detail.
func (i Image) brief() string {
	const most = 160 // characters
	text := []rune(printable.Text(i.why() + ": " + i.Detail))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return strings.TrimSuffix(string(text), ": ")
}

// ends names what ends, in a few words.
func ends(by provider.LapseBy) string {
	switch by {
	case provider.LapseSignature:
		return "the signature"
	case provider.LapseSigner:
		return "the signing certificate"
	case provider.LapseIntermediate:
		return "an intermediate certificate"
	case provider.LapseRoot:
		return "the root certificate"
	case provider.LapseRevocation:
		return "what the CA says of revocation"
	case provider.LapseTimestampRevocation:
		return "what the timestamping CA says of revocation"
	}
	return printable.Text(string(by))
}

// where names the first namespaces.
func (i Image) where() string {
	const most = 2
	var names []string
	for _, name := range i.Namespaces[:min(most, len(i.Namespaces))] {
		names = append(names, plainName(name))
	}
	text := "in " + strings.Join(names, ", ")
	if more := len(i.Namespaces) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func orNoImage(image string) string {
	if image == "" {
		return "(no image)"
	}
	return image
}
