package verdicts

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Answer is what a provider says of one key: at most one of the fields down to Unreachable, and what becomes of the whole
// response.
type Answer struct {
	Verified  *Verified
	Refused   *Refused
	Undecided *Undecided
	Value     *Literal // an item's value
	Error     string   // an item's error
	Item      *Literal // sent in the item's place
	Silent    bool
	// Unreachable cuts the connection.
	Unreachable bool

	SystemError string  // added to the response's
	Status      int     // of HTTP
	Body        *string // sent instead of the response
}

// Verified is notation-provider's value. What is empty has a default.
type Verified struct {
	Image  string `yaml:"image"`
	Digest string `yaml:"digest"`
	Policy string `yaml:"policy"`
	Signer string `yaml:"signer"`
	// SignerIdentity are the attributes of the signer; by default those of the default signer. Metadata was signed with the image.
	SignerIdentity map[string][]string `yaml:"signerIdentity"`
	Metadata       map[string]string   `yaml:"metadata"`
	SignedAt       string              `yaml:"signedAt"`
	Until          string              `yaml:"until"`
	Warnings       []string            `yaml:"warnings"`
}

// Refused is notation-provider's word on an image that is known not to be good.
type Refused struct {
	Reason provider.Reason `yaml:"reason"`
	Detail string          `yaml:"detail"`
}

// Undecided is notation-provider's word on an image of which it could not find out.
type Undecided struct {
	Cause  provider.Cause `yaml:"cause"`
	Detail string         `yaml:"detail"`
}

// Literal is any JSON.
type Literal struct{ JSON json.RawMessage }

// form is an answer as it is written with keys.
type form struct {
	Verified    *Verified  `yaml:"verified"`
	Refused     *Refused   `yaml:"refused"`
	Undecided   *Undecided `yaml:"undecided"`
	Value       yaml.Node  `yaml:"value"`
	Error       string     `yaml:"error"`
	Item        yaml.Node  `yaml:"item"`
	SystemError string     `yaml:"systemError"`
	Status      int        `yaml:"status"`
	Body        *string    `yaml:"body"`
}

// UnmarshalYAML reads either form of an answer.
func (a *Answer) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return a.word(node)
	}
	var f form
	if err := node.Load(&f, yaml.WithKnownFields()); err != nil {
		return err
	}
	value, err := literal(&f.Value)
	if err != nil {
		return err
	}
	item, err := literal(&f.Item)
	if err != nil {
		return err
	}
	*a = Answer{
		Verified: f.Verified, Refused: f.Refused, Undecided: f.Undecided, Value: value, Error: f.Error, Item: item,
		SystemError: f.SystemError, Status: f.Status, Body: f.Body,
	}
	if err := a.check(); err != nil {
		return at(node, "%w", err)
	}
	return nil
}

// word reads the answers that need no more than a word.
func (a *Answer) word(node *yaml.Node) error {
	switch node.Value {
	case "verified":
		*a = Answer{Verified: &Verified{}}
	case "silent":
		*a = Answer{Silent: true}
	case "unreachable":
		*a = Answer{Unreachable: true}
	default:
		return at(node, "%q is not an answer; the words are verified, silent and unreachable; write others as {refused: unsigned}", node.Value)
	}
	return nil
}

func (a *Answer) check() error {
	said := 0
	for _, is := range []bool{a.Verified != nil, a.Refused != nil, a.Undecided != nil, a.Value != nil, a.Error != "", a.Item != nil} {
		if is {
			said++
		}
	}
	switch {
	case said > 1:
		return errors.New("an answer is one of verified, refused, undecided, value, error and item")
	case said == 0 && a.SystemError == "" && a.Status == 0 && a.Body == nil:
		return errors.New("the answer says nothing; write silent to leave the key out")
	case a.Status != 0 && (a.Status < 200 || a.Status > 599):
		return fmt.Errorf("%d is no status of a response", a.Status)
	case a.Refused != nil:
		return a.Refused.check()
	case a.Undecided != nil:
		return a.Undecided.check()
	}
	return nil
}

// UnmarshalYAML reads "unsigned" and {reason: unsigned, detail: …}.
func (r *Refused) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*r = Refused{Reason: provider.Reason(node.Value)}
		return nil
	}
	type fields Refused
	return node.Load((*fields)(r), yaml.WithKnownFields())
}

func (r *Refused) check() error {
	if r.Reason == provider.Verified || !slices.Contains(provider.Reasons(), r.Reason) {
		return fmt.Errorf("%q is no reason to refuse; there are %s; another provider's errors are written {error: TEXT}", r.Reason, list(provider.Reasons()[1:]))
	}
	return nil
}

// UnmarshalYAML reads "registry" and {cause: registry, detail: …}.
func (u *Undecided) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*u = Undecided{Cause: provider.Cause(node.Value)}
		return nil
	}
	type fields Undecided
	return node.Load((*fields)(u), yaml.WithKnownFields())
}

func (u *Undecided) check() error {
	if !slices.Contains(provider.Causes(), u.Cause) {
		return fmt.Errorf("%q is no cause; there are %s", u.Cause, list(provider.Causes()))
	}
	return nil
}

func list[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = string(one)
	}
	return strings.Join(words, ", ")
}

// literal is what a node holds; nil if it is not there.
func literal(node *yaml.Node) (*Literal, error) {
	if node.Kind == 0 {
		return nil, nil
	}
	var value any
	if err := node.Load(&value); err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, at(node, "no JSON can say this: %w", err)
	}
	return &Literal{text}, nil
}
