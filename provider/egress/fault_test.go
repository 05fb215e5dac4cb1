package egress_test

import (
	"errors"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// Every fault has its own words, and something that can be done about it. What faults come
// of is told by tests with real servers, in the rooms that tell of them.
func TestEveryFaultHasItsWordsAndAdvice(t *testing.T) {
	seen := map[egress.Fault]bool{}
	for _, fault := range egress.Faults() {
		if fault == "" || seen[fault] || fault.Advice() == "" {
			t.Errorf("%q: seen %t, advice %q", fault, seen[fault], fault.Advice())
		}
		seen[fault] = true
	}
	for _, err := range []error{nil, errors.New("anything")} {
		if got := egress.FaultOf(err); got != "" {
			t.Errorf("%v is %q", err, got)
		}
	}
}
