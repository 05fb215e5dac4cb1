package reports

import (
	"fmt"
	"math"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// monthsShown is how far the timeline reaches: this month, and the next twelve.
const monthsShown = 13

// month is a bar of the timeline. Heights are out of 100.
type month struct {
	Key, Name, Spoken               string
	Images, Exceptions              int
	Any                             bool
	ImagesTop, ImagesHeight         int
	ExceptionsTop, ExceptionsHeight int
}

func monthKey(at time.Time) string { return at.UTC().Format("2006-01") }

// months is the timeline.
func (r *Report) months() []month {
	images, exceptions := map[string]int{}, map[string]int{}
	for _, i := range r.Images {
		if i.Outcome == Verified && i.Lapse != nil {
			images[monthKey(i.Lapse.At)]++
		}
	}
	for _, e := range r.Exceptions {
		exceptions[e.month()]++
	}
	first := time.Date(r.Made.UTC().Year(), r.Made.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	all, most := make([]month, 0, monthsShown), 0
	for n := range monthsShown {
		at := first.AddDate(0, n, 0)
		m := month{Key: monthKey(at), Name: at.Format("Jan 06"), Images: images[monthKey(at)], Exceptions: exceptions[monthKey(at)]}
		m.Any = m.Images+m.Exceptions > 0
		m.Spoken = fmt.Sprintf("%s: %s and %s", at.Format("January 2006"), count(m.Images, "image lapses", "images lapse"), count(m.Exceptions, "exception ends", "exceptions end"))
		most = max(most, m.Images+m.Exceptions)
		all = append(all, m)
	}
	for i := range all {
		all[i].draw(most)
	}
	return all
}

// draw puts the exceptions of a month on top of its images.
func (m *month) draw(most int) {
	m.ImagesHeight, m.ExceptionsHeight = height(m.Images, most), height(m.Exceptions, most)
	m.ImagesTop = 100 - m.ImagesHeight
	m.ExceptionsTop = m.ImagesTop - m.ExceptionsHeight
}

// height is a share of 90, for a small bar that can still be seen is higher than its share.
func height(n, most int) int {
	if n == 0 {
		return 0
	}
	return max(int(math.Round(float64(n)/float64(most)*90)), 4)
}

// month is when the exception ends; "" if it does not, or counts for nothing.
func (e Exception) month() string {
	if e.Problem != "" {
		return ""
	}
	return monthOf(e.Expires)
}

// monthOf is the month of the last day of an exception; "" if it has none.
func monthOf(expires string) string {
	day, err := time.Parse(time.DateOnly, expires)
	if err != nil {
		return ""
	}
	return monthKey(day)
}

// sortKey puts what has no end after all days.
func sortKey(expires string) string {
	if expires == exception.Never {
		return "9999-99-99"
	}
	return printable.Text(expires)
}

// timelineText says what comes first, and what the timeline does not show.
func (r *Report) timelineText() (text, rest string) {
	var first *Image
	endless, later := 0, 0
	end := time.Date(r.Made.UTC().Year(), r.Made.UTC().Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, monthsShown, 0)
	for n := range r.Images {
		i := &r.Images[n]
		switch {
		case i.Outcome != Verified:
		case i.Lapse == nil:
			endless++
		case !i.Lapse.At.Before(end):
			later++
		case first == nil || i.Lapse.At.Before(first.Lapse.At):
			first = i
		}
	}
	text = "No verified image lapses in this time. "
	if first != nil {
		text = fmt.Sprintf("The first is on %s, when %s ends. ", first.Lapse.At.UTC().Format("2 January 2006"), ends(first.Lapse.By))
	}
	text += "Lists of revoked certificates end sooner, and the CA renews them: they are not counted here."
	var parts []string
	if later > 0 {
		parts = append(parts, count(later, "image lapses", "images lapse")+" later")
	}
	if endless > 0 {
		parts = append(parts, count(endless, "image has", "images have")+" no end, by a timestamp")
	}
	return text, strings.Join(parts, ", ")
}
