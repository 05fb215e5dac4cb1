package verdicts

import (
	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Provider is what one provider answers.
type Provider struct {
	Answers map[string]Answer
	Default *Answer
}

// UnmarshalYAML reads a provider, and finds what the types allow and no test can mean.
func (p *Provider) UnmarshalYAML(node *yaml.Node) error {
	var fields struct {
		Answers yaml.Node `yaml:"answers"`
		Default *Answer   `yaml:"default"`
	}
	if err := node.Load(&fields, yaml.WithKnownFields()); err != nil {
		return err
	}
	p.Default = fields.Default
	if fields.Answers.Kind == 0 && p.Default == nil {
		return at(node, "neither answers nor default")
	}
	return p.load(&fields.Answers)
}

func (p *Provider) load(answers *yaml.Node) error {
	if answers.Kind == 0 {
		return nil
	}
	if err := answers.Load(&p.Answers); err != nil {
		return err
	}
	for i := 0; i+1 < len(answers.Content); i += 2 {
		key := answers.Content[i]
		answer := p.Answers[key.Value]
		if answer == (Answer{}) {
			return at(key, "%q has no answer; write silent to leave it out", key.Value)
		}
		if _, err := provider.ParseQuestion(key.Value); err != nil && answer.Verified != nil {
			return at(key, "%q is never verified, for it is no image: %w; another provider's values are written {value: …}", key.Value, err)
		}
	}
	return nil
}
