package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Duration is a flag's value: a duration as Go writes it, or a whole number of days, such as 30d.
type Duration time.Duration

const (
	day = 24 * time.Hour
	// maxDays keeps days from overflowing a duration.
	maxDays = 100_000
)

// Set implements [pflag.Value].
func (d *Duration) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > maxDays {
			return errors.New("no number of days; write 30d")
		}
		*d = Duration(time.Duration(n) * day)
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("no duration; write 30d, 720h or 45m")
	}
	*d = Duration(parsed)
	return nil
}

// String implements [pflag.Value].
func (d *Duration) String() string {
	switch t := time.Duration(*d); {
	case t == 0:
		return "0" // which pflag takes for no default
	case t%day == 0:
		return strconv.Itoa(int(t/day)) + "d"
	default:
		return t.String()
	}
}

// Type implements [pflag.Value].
func (d *Duration) Type() string { return "DURATION" }
