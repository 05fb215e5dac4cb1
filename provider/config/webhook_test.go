package config_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Deadlines that Gatekeeper does not wait for are warned of.
func TestDeadlinesAfterGatekeepersAreWarnedOf(t *testing.T) {
	installed := config.DefaultGatekeeper()
	slow := config.Gatekeeper{ValidatingWebhook: 10 * time.Second, MutatingWebhook: 5 * time.Second}
	with := func(g config.Gatekeeper, provider time.Duration) config.Gatekeeper { g.Provider = provider; return g }
	for _, tc := range []struct {
		gatekeeper     config.Gatekeeper
		answer, mutate time.Duration
		constraints    int
		late           string
	}{
		{installed, 1800 * time.Millisecond, 800 * time.Millisecond, 1, ""}, // the default
		{installed, time.Second, 999 * time.Millisecond, 2, ""},
		{installed, 1400 * time.Millisecond, time.Millisecond, 2, ""},
		{installed, 1500 * time.Millisecond, time.Millisecond, 1, ""},
		{installed, 1, 1, int(3*time.Second - 1), ""},
		{installed, 2*time.Second - 1, 1, 1, ""},
		{installed, 2 * time.Second, 1, 1, "answerWithin"},
		{installed, 3*time.Second - 1, 1, 1, "answerWithin"},
		{installed, 3 * time.Second, 1, 0, "answerWithin"},
		{installed, 30 * time.Second, time.Second, 0, "answerWithin mutateWithin"},
		{installed, time.Second, 2 * time.Second, 2, "mutateWithin"},
		{slow, 5 * time.Second, 2 * time.Second, 1, ""},
		{with(installed, 2*time.Second), 1800 * time.Millisecond, 1, 1, ""},
		{with(installed, 2*time.Second), 2 * time.Second, 1, 1, "answerWithin"},
		{with(installed, 3*time.Second), 1800 * time.Millisecond, 1, 1, "the Provider object's timeout, 3s, is not below the 3s that Gatekeeper's validating webhook waits"},
		{with(slow, 4*time.Second), 5 * time.Second, 1, 1, "answerWithin"},
	} {
		c := config.Default()
		c.AnswerWithin, c.MutateWithin = config.Duration(tc.answer), config.Duration(tc.mutate)
		var late []string
		for _, warning := range c.Late(tc.gatekeeper) {
			key, _, _ := strings.Cut(warning, ":")
			late = append(late, key)
		}
		if got := strings.Join(late, " "); got != tc.late || c.ConstraintsInTime(tc.gatekeeper) != tc.constraints {
			t.Errorf("%+v, answerWithin %v, mutateWithin %v: late are %q and there is time for %d constraints; want %q and %d",
				tc.gatekeeper, tc.answer, tc.mutate, got, c.ConstraintsInTime(tc.gatekeeper), tc.late, tc.constraints)
		}
	}
}
