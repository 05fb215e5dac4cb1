package config

import (
	"fmt"
	"time"
)

// How long Gatekeeper's webhooks wait unless their timeoutSeconds says otherwise.
const (
	ValidatingWebhook = 3 * time.Second
	MutatingWebhook   = 1 * time.Second
)

// ConstraintsInTime is how many constraints may wait for undecided images before the
// validating webhook, as Gatekeeper is installed, gives up. They are evaluated one after
// the other, and the time of their Rego comes on top.
func (c Config) ConstraintsInTime() int {
	return int((ValidatingWebhook - 1) / time.Duration(max(c.AnswerWithin, 1)))
}

// Late lists the deadlines that are not below those of Gatekeeper's webhooks as they are
// installed, one sentence each. A webhook that waits in vain may admit.
func (c Config) Late() []string {
	var found []string
	if c.ConstraintsInTime() == 0 {
		found = append(found, fmt.Sprintf("answerWithin: %v is not below the %v that Gatekeeper's validating webhook waits by default: "+
			"shorten it, or keep constraints × answerWithin + the time of their Rego below the webhook's timeoutSeconds", c.AnswerWithin, ValidatingWebhook))
	}
	if within := time.Duration(c.MutateWithin); within >= MutatingWebhook {
		found = append(found, fmt.Sprintf("mutateWithin: %v is not below the %v that Gatekeeper's mutating webhook waits by default: "+
			"shorten it, or keep it below the webhook's timeoutSeconds", c.MutateWithin, MutatingWebhook))
	}
	return found
}
