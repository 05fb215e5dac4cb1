package config

import (
	"fmt"
	"time"
)

// Gatekeeper is how long Gatekeeper waits.
type Gatekeeper struct {
	// ValidatingWebhook and MutatingWebhook are timeoutSeconds of its two webhooks.
	ValidatingWebhook, MutatingWebhook time.Duration
	// Provider is spec.timeout of the Provider object for /validate; 0 if it is not known.
	Provider time.Duration
}

// DefaultGatekeeper is Gatekeeper as its chart installs it.
func DefaultGatekeeper() Gatekeeper {
	return Gatekeeper{ValidatingWebhook: 3 * time.Second, MutatingWebhook: time.Second}
}

// ConstraintsInTime is how many constraints may wait for undecided images before the
// validating webhook gives up. They are evaluated one after the other, and the time of their
// Rego comes on top.
func (c Config) ConstraintsInTime(g Gatekeeper) int {
	return int((g.ValidatingWebhook - 1) / time.Duration(max(c.AnswerWithin, 1)))
}

// Late lists the deadlines that Gatekeeper does not wait for, one sentence each. A webhook that
// gives up may admit, and a Provider that does denies every image.
func (c Config) Late(g Gatekeeper) []string {
	var found []string
	add := func(when bool, format string, args ...any) {
		if when {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	answer, webhook := time.Duration(c.AnswerWithin), Duration(g.ValidatingWebhook)
	least := answer.Truncate(time.Second) + time.Second // a Provider's timeout is in whole seconds
	late := answer >= g.ValidatingWebhook
	add(late, "answerWithin: %v is not below the %v that Gatekeeper's validating webhook waits: "+
		"shorten it, or keep constraints × answerWithin + the time of their Rego below the webhook's timeoutSeconds", c.AnswerWithin, webhook)
	add(!late && g.Provider == 0 && least >= g.ValidatingWebhook, "answerWithin: %v needs a timeout of %v or more in the Provider object, "+
		"which is not below the %v that Gatekeeper's validating webhook waits: shorten it", c.AnswerWithin, Duration(least), webhook)
	add(g.Provider != 0 && answer >= g.Provider, "answerWithin: %v is not below the %v of the Provider object's timeout: "+
		"Gatekeeper gives up first, and every image is denied; shorten it, or raise the timeout", c.AnswerWithin, Duration(g.Provider))
	add(g.Provider >= g.ValidatingWebhook, "the Provider object's timeout, %v, is not below the %v that Gatekeeper's validating webhook waits: "+
		"the webhook gives up first, and may admit; shorten it, or raise the webhook's timeoutSeconds", Duration(g.Provider), webhook)
	add(time.Duration(c.MutateWithin) >= g.MutatingWebhook, "mutateWithin: %v is not below the %v that Gatekeeper's mutating webhook waits: "+
		"shorten it, or keep it below the webhook's timeoutSeconds", c.MutateWithin, Duration(g.MutatingWebhook))
	return found
}
