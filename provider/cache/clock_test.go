package cache

import (
	"testing"
	"time"
)

// A clock that is set back makes nothing younger, and one that is set forward makes it older.
func TestTheOlderOfTwoAgesCounts(t *testing.T) {
	for _, tc := range []struct {
		what            string
		wall, monotonic time.Duration
		age             time.Duration
		known           bool
	}{
		{"both clocks go on", time.Minute, time.Minute, time.Minute, true},
		{"the machine slept", time.Hour, time.Minute, time.Hour, true},
		{"the clock was set back a little", time.Minute, 4 * time.Minute, 4 * time.Minute, true},
		{"the clock was set back to the moment", 0, time.Minute, time.Minute, true},
		{"the clock was set back before the moment", -1, time.Minute, time.Minute, false},
	} {
		if age, known := ageBy(tc.wall, tc.monotonic); age != tc.age || known != tc.known {
			t.Errorf("%s: age %v, %v; want %v, %v", tc.what, age, known, tc.age, tc.known)
		}
	}
}
