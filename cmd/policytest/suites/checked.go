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
	if c.allowFailOpen || len(asked.keys) == 0 {
		return responses, nil
	}
	if err := c.failsClosed(ctx, asked, object, opts...); err != nil {
		return nil, oneLine(err)
	}
	return responses, nil
}

// maxSilenced bounds the keys of one object that are silenced one by one. A template that goes by what came back, instead of
// by what it asked for, is found out by any of them.
const maxSilenced = 4

// absence is a way in which answers can be missing.
type absence struct {
	is    string
	scene *verdicts.Scene
}

// absences are the ways in which answers to what was asked can be missing. A template that looks for errors, or for what came
// back, instead of for the right answer, admits an object in some of them.
func (a asked) absences(played *verdicts.Scene) []absence {
	all := []absence{
		{"unreachable", verdicts.Everywhere(verdicts.Answer{Unreachable: true}, a.providers)},
		{"silent about every key", verdicts.Everywhere(verdicts.Answer{Silent: true}, a.providers)},
	}
	if len(a.keys) < 2 {
		return all
	}
	for _, key := range a.keys[:min(len(a.keys), maxSilenced)] {
		all = append(all, absence{fmt.Sprintf("silent about %q alone", key), played.Silenced(key, a.providers)})
	}
	return all
}

// failsClosed reviews the object again while answers of the providers that it asked are missing. There must be a violation.
func (c *checked) failsClosed(ctx context.Context, asked asked, object any, opts ...reviews.ReviewOpt) error {
	played := c.session.scene
	defer func() { c.session.play(played) }()
	for _, absence := range asked.absences(played) {
		c.session.play(absence.scene)
		responses, err := c.Client.Review(ctx, object, opts...)
		if err := c.session.Check(err); err != nil {
			return fmt.Errorf("while the provider is %s: %w", absence.is, err)
		}
		if len(responses.Results()) == 0 {
			return fmt.Errorf("the template admits this object while provider %q is %s: want a positive answer for each key that it asks for, or give --allow-fail-open", asked.providers[0], absence.is)
		}
	}
	return nil
}

func oneLine(err error) error { return errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")) }
