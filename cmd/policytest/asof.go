package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"
)

// asOf is the flag --as-of.
type asOf struct{ time.Time }

func (a *asOf) add(c *cobra.Command) {
	c.Flags().Var(a, "as-of", "decide as on this day (UTC, its first moment): exceptions end by it (default now)")
}

// Set implements [pflag.Value].
func (a *asOf) Set(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			a.Time = t
			return nil
		}
	}
	return errors.New("write a day that exists, like 2027-03-01, or a time, like 2027-03-01T12:00:00Z")
}

// String implements [pflag.Value].
func (a *asOf) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Format(time.RFC3339)
}

// Type implements [pflag.Value].
func (a *asOf) Type() string { return "DATE" }
