package suites

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/frameworks/constraint/pkg/types"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
)

// checked is a client whose reviews fail where the session found something, and where the template fails open.
type checked struct {
	*engine.Client
	session       *Session
	allowFailOpen bool
}

// Review decides on an object.
func (c *checked) Review(ctx context.Context, object any, opts ...reviews.ReviewOpt) (*types.Responses, error) {
	responses, err := c.Client.Review(ctx, object, opts...)
	asked := c.session.asked
	if err := c.session.Check(err); err != nil {
		return nil, oneLine(err)
	}
	if c.allowFailOpen || len(asked) == 0 {
		return responses, nil
	}
	if err := c.failsClosed(ctx, asked, object, opts...); err != nil {
		return nil, oneLine(err)
	}
	return responses, nil
}

// absences are the two ways in which an answer can be missing. A template that looks for errors, instead of for the right
// answer, admits everything in one of them or in both.
var absences = []struct {
	is     string
	answer verdicts.Answer
}{
	{"unreachable", verdicts.Answer{Unreachable: true}},
	{"silent about every key", verdicts.Answer{Silent: true}},
}

// failsClosed reviews the object again while the providers that it asked give no answer. There must be a violation.
func (c *checked) failsClosed(ctx context.Context, asked []string, object any, opts ...reviews.ReviewOpt) error {
	played := c.session.scene
	defer func() { c.session.play(played) }()
	for _, absence := range absences {
		c.session.play(verdicts.Everywhere(absence.answer, asked))
		responses, err := c.Client.Review(ctx, object, opts...)
		if err := c.session.Check(err); err != nil {
			return fmt.Errorf("while the provider is %s: %w", absence.is, err)
		}
		if len(responses.Results()) == 0 {
			return fmt.Errorf("the template admits this object while provider %q is %s: want a positive answer for each key that it asks for, or give --allow-fail-open", asked[0], absence.is)
		}
	}
	return nil
}

func oneLine(err error) error { return errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")) }
