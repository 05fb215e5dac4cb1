package verdicts

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Name of the file beside a suite.
const Name = "verdicts.yaml"

// maxBytes bounds the file.
const maxBytes = 4 << 20

// File is a verdicts.yaml.
type File struct {
	Path   string
	base   Answers
	scenes map[string]Answers
}

// Answers are what each provider answers.
type Answers map[string]Provider

// Read reads a file.
func Read(path string) (*File, error) {
	text, err := regularfile.Read(path, regularfile.MaxText)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// Parse reads a file's text. Each error names path and line.
func Parse(path string, text []byte) (*File, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxBytes)
	}
	var fields struct {
		Providers Answers            `yaml:"providers"`
		Scenes    map[string]Answers `yaml:"scenes"`
	}
	if err := yaml.Load(text, &fields, yaml.WithKnownFields()); err != nil {
		return nil, located(path, err)
	}
	if len(fields.Providers) == 0 && len(fields.Scenes) == 0 {
		return nil, fmt.Errorf("%s: neither providers nor scenes", path)
	}
	for name, answers := range fields.Scenes {
		if err := answers.check(); err != nil {
			return nil, fmt.Errorf("%s: scene %q: %w", path, name, err)
		}
	}
	if err := fields.Providers.check(); err != nil && fields.Providers != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{Path: path, base: fields.Providers, scenes: fields.Scenes}, nil
}

// check finds what is not there at all, and so was never read.
func (a Answers) check() error {
	if len(a) == 0 {
		return errors.New("no provider")
	}
	for name, p := range a {
		if p.Answers == nil && p.Default == nil {
			return fmt.Errorf("provider %q: neither answers nor default", name)
		}
	}
	return nil
}

// Scene is what holds in a case of a test.
func (f *File) Scene(test, name string) *Scene {
	s := &Scene{Path: f.Path}
	for _, scene := range Scenes(test, name) {
		if answers, ok := f.scenes[scene]; ok {
			s.layers = append(s.layers, answers)
		}
	}
	s.layers = append(s.layers, f.base)
	return s
}

// Scenes are the names of the scenes that fit a case of a test, the most particular first.
func Scenes(test, name string) []string { return []string{test + "//" + name, name, test + "//"} }

// Unplayed lists the scenes that are in none of the names.
func (f *File) Unplayed(names []string) []string {
	var unplayed []string
	for name := range f.scenes {
		if !slices.Contains(names, name) {
			unplayed = append(unplayed, name)
		}
	}
	slices.Sort(unplayed)
	return unplayed
}
