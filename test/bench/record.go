package main

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// record keeps the rounds of all contests.
type record struct {
	rows []*row
}

// row is one unit of one contest.
type row struct {
	contest, unit string
	limit         float64 // of the ratio; 0 is none
	rounds        map[string][]round
}

type round struct {
	n      int
	amount float64
}

func (r *record) add(c contest, side string, result result) {
	for _, v := range result.values {
		row := r.row(c, v.unit)
		row.rounds[side] = append(row.rounds[side], round{result.n, v.amount})
	}
}

func (r *record) row(c contest, unit string) *row {
	i := slices.IndexFunc(r.rows, func(row *row) bool { return row.contest == c.name && row.unit == unit })
	if i < 0 {
		i = len(r.rows)
		r.rows = append(r.rows, &row{contest: c.name, unit: unit, limit: c.limits[unit], rounds: map[string][]round{}})
	}
	return r.rows[i]
}

// benchmarkFormat is what benchstat reads (golang.org/design/14313-benchmark-format).
func (r *record) benchmarkFormat() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "goos: %s\ngoarch: %s\n", runtime.GOOS, runtime.GOARCH)
	for _, row := range r.rows {
		for _, side := range []string{floor, ours} {
			for _, round := range row.rounds[side] {
				fmt.Fprintf(&out, "Benchmark%s/impl=%s-%d %d %.6g %s\n", upper(row.contest), side, runtime.GOMAXPROCS(0), round.n, round.amount, row.unit)
			}
		}
	}
	return out.Bytes()
}

func upper(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// ratio is that of the medians, and the smallest and the greatest of one round.
func (r *row) ratio() (median, least, most float64) {
	var each []float64
	for i, ours := range r.rounds[ours] {
		each = append(each, ours.amount/r.rounds[floor][i].amount)
	}
	return r.median(ours) / r.median(floor), slices.Min(each), slices.Max(each)
}

func (r *row) median(side string) float64 {
	var amounts []float64
	for _, round := range r.rounds[side] {
		amounts = append(amounts, round.amount)
	}
	slices.Sort(amounts)
	middle := len(amounts) / 2
	if len(amounts)%2 == 1 {
		return amounts[middle]
	}
	return (amounts[middle-1] + amounts[middle]) / 2
}

// line is how a contest ended, in short.
func (r *record) line(contest string) string {
	var parts []string
	for _, row := range r.rows {
		if row.contest == contest {
			median, _, _ := row.ratio()
			parts = append(parts, fmt.Sprintf("%s %s : %s = %.2f", row.quantity(), row.show(ours), row.show(floor), median))
		}
	}
	return contest + ": " + strings.Join(parts, ", ")
}

// table prints medians and ratios, and marks what is above its limit.
func (r *record) table(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHAT\tOF\tFLOOR\tOURS\tRATIO\tWITHIN\tLIMIT")
	for _, row := range r.rows {
		median, least, most := row.ratio()
		bound := "-"
		if row.limit > 0 {
			bound = fmt.Sprintf("%.2f", row.limit)
		}
		if row.limit > 0 && median > row.limit {
			bound += "  over"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.2f\t%.2f – %.2f\t%s\n", row.contest, row.quantity(), row.show(floor), row.show(ours), median, least, most, bound)
	}
	return table.Flush()
}

// The units that are measured, by what they are of.
var quantities = map[string]string{
	"ns/op":       "time",
	"cpu-ns/op":   "server's CPU",
	"requests/op": "requests",
	"rss-bytes":   "memory",
}

func (r *row) quantity() string { return quantities[r.unit] }

// show gives a side's median as people read it.
func (r *row) show(side string) string {
	amount := r.median(side)
	switch r.unit {
	case "ns/op", "cpu-ns/op":
		if d := time.Duration(amount); d < time.Millisecond {
			return fmt.Sprintf("%.0f µs", amount/1e3)
		}
		return fmt.Sprintf("%.2f ms", amount/1e6)
	case "rss-bytes":
		return fmt.Sprintf("%.1f MiB", amount/(1<<20))
	}
	return fmt.Sprintf("%.1f", amount)
}
