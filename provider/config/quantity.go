package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time, written as Go writes it: 1800ms, 15s, 10m, 1h30m.
type Duration time.Duration

// String gives the form that [Duration.UnmarshalText] reads, without zeros at its end: 1h,
// and not 1h0m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-len("0s")]
		}
	}
	return text
}

// MarshalText is [Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a number with a unit. A number alone is an error: its unit is
// unknown.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration; write a number with its unit, like 1800ms, 15s or 10m", text)
	}
	*d = Duration(parsed)
	return nil
}

// Bytes is a size in bytes, written as a whole number that may have one of the
// units KiB, MiB and GiB: 1024, 64KiB, 1MiB.
type Bytes int64

type unit struct {
	name string
	size int64
}

// units has the largest first, so that String finds the shortest form.
func units() []unit {
	return []unit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
}

// String gives the form that [Bytes.UnmarshalText] reads, in the largest unit
// that leaves a whole number.
func (b Bytes) String() string {
	for _, u := range units() {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalText is [Bytes.String].
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a whole number, with or without a unit. One that is too
// large for an int64 is an error.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, size := string(text), int64(1)
	for _, u := range units() {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, size = rest, u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/size {
		return fmt.Errorf("%q is not a size; write a whole number of bytes, or one with KiB, MiB or GiB, like 64KiB", text)
	}
	*b = Bytes(n * size)
	return nil
}
