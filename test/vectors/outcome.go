package vectors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Outcome is what an image comes to: a reason or, where it is undecided, a cause.
type Outcome struct {
	Reason provider.Reason
	Cause  provider.Cause
}

func (o Outcome) zero() bool { return o == Outcome{} }
func (o Outcome) good() bool { return o.Reason == provider.Verified }

// String is how cases write it.
func (o Outcome) String() string {
	if o.Cause != "" {
		return "undecided " + string(o.Cause)
	}
	return string(o.Reason)
}

// UnmarshalText reads "<reason>" or "undecided <cause>".
func (o *Outcome) UnmarshalText(text []byte) error {
	stage, undecided := strings.CutPrefix(string(text), "undecided ")
	switch {
	case undecided && slices.Contains(provider.Causes(), provider.Cause(stage)):
		*o = Outcome{Cause: provider.Cause(stage)}
	case slices.Contains(provider.Reasons(), provider.Reason(text)):
		*o = Outcome{Reason: provider.Reason(text)}
	default:
		return fmt.Errorf("%q is neither a reason nor \"undecided\" and a stage", text)
	}
	return nil
}

// Offset is a time from now on, or back: -30d, 90m, 200ms.
type Offset time.Duration

// UnmarshalText reads days, or what Go reads.
func (o *Offset) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.Atoi(days)
		*o = Offset(time.Duration(n) * 24 * time.Hour)
		return err
	}
	d, err := time.ParseDuration(string(text))
	*o = Offset(d)
	return err
}

// from is the moment that the offset names; zero for none.
func (o Offset) from(now time.Time) time.Time {
	if o == 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(o))
}
