package config_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

func TestDeadlinesAfterTheWebhooksAreWarnedOf(t *testing.T) {
	for _, tc := range []struct {
		answer, mutate time.Duration
		constraints    int
		late           string
	}{
		{1800 * time.Millisecond, 800 * time.Millisecond, 1, ""}, // the default
		{time.Second, 999 * time.Millisecond, 2, ""},
		{1400 * time.Millisecond, time.Millisecond, 2, ""},
		{1500 * time.Millisecond, time.Millisecond, 1, ""},
		{1, 1, int(3*time.Second - 1), ""},
		{3*time.Second - 1, 1, 1, ""},
		{3 * time.Second, 1, 0, "answerWithin"},
		{30 * time.Second, time.Second, 0, "answerWithin mutateWithin"},
		{time.Second, 2 * time.Second, 2, "mutateWithin"},
	} {
		c := config.Default()
		c.AnswerWithin, c.MutateWithin = config.Duration(tc.answer), config.Duration(tc.mutate)
		var late []string
		for _, warning := range c.Late() {
			key, _, _ := strings.Cut(warning, ":")
			late = append(late, key)
		}
		if got := strings.Join(late, " "); got != tc.late || c.ConstraintsInTime() != tc.constraints {
			t.Errorf("answerWithin %v, mutateWithin %v: late are %q and there is time for %d constraints; want %q and %d",
				tc.answer, tc.mutate, got, c.ConstraintsInTime(), tc.late, tc.constraints)
		}
	}
}
