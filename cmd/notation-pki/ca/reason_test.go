package ca

import (
	"fmt"
	"math"
	"testing"
)

// A CRL may hold any number as a reason.
func TestAReasonThatIsNotListedGoesByItsNumber(t *testing.T) {
	for _, code := range []int{math.MinInt, -2, -1, len(RevocationReasons()), 7, 10, math.MaxInt} {
		if got, want := ReasonOf(code), RevocationReason(fmt.Sprintf("reason %d", code)); got != want {
			t.Errorf("%d is %q, want %q", code, got, want)
		}
	}
}
