package vectors

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"
)

// sections are the files of the archive, by name.
func (v *Vector) sections() map[string]any {
	return map[string]any{
		"settings":   &v.Settings,
		"registries": &v.Registries,
		"pkis":       &v.PKIs,
		"tsas":       &v.TSAs,
		"images":     &v.Images,
		"trust":      &v.Trust,
		"faults":     &v.Faults,
		"ask":        &v.Asks,
	}
}

// Load reads every case in a directory, in the order of their names.
func Load(dir string) ([]*Vector, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	var all []*Vector
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		v, err := Parse(strings.TrimSuffix(filepath.Base(file), ".txtar"), text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, v)
	}
	return all, nil
}

// Parse reads a case. A section or key that is not known is an error, and so is a case that stands for nothing or asks
// nothing.
func Parse(name string, text []byte) (*Vector, error) {
	archive := txtar.Parse(text)
	v := &Vector{Name: name, Sentence: strings.Join(strings.Fields(string(archive.Comment)), " ")}
	if !strings.HasSuffix(v.Sentence, ".") {
		return nil, errors.New("begin with the sentence that the case stands for")
	}
	unread := v.sections()
	for _, file := range archive.Files {
		into, known := unread[file.Name]
		if !known {
			return nil, fmt.Errorf("section %q is not known, or is there twice", file.Name)
		}
		delete(unread, file.Name)
		if err := yaml.Load(file.Data, into, yaml.WithKnownFields()); err != nil {
			return nil, fmt.Errorf("section %q: %w", file.Name, err)
		}
	}
	v.complete()
	return v, v.check()
}

// defaultRegistry is there where a case names none.
const defaultRegistry = "harbor"

// complete puts in what a case need not say.
func (v *Vector) complete() {
	if len(v.Registries) == 0 {
		v.Registries = map[string]Registry{defaultRegistry: {}}
	}
	if len(v.Trust) == 0 {
		v.Trust = []Policy{{}}
	}
	for i := range v.Asks {
		if v.Asks[i].Verifier.zero() {
			v.Asks[i].Verifier = v.Asks[i].Expect
		}
	}
}

// check finds what the types allow and no case can mean.
func (v *Vector) check() error {
	if len(v.Asks) == 0 {
		return errors.New("section \"ask\" is missing or empty")
	}
	for _, a := range v.Asks {
		if err := a.check(); err != nil {
			return fmt.Errorf("asking %q: %w", a.Images, err)
		}
	}
	return nil
}

func (a Ask) check() error {
	switch {
	case len(a.Images) == 0:
		return errors.New("no images")
	case a.Expect.zero():
		return errors.New("expect is missing")
	case a.Admission != admission(a.Expect):
		return fmt.Errorf("expect-admission is %q, but what is %s is for a policy to %s", a.Admission, a.Expect, admission(a.Expect))
	}
	return nil
}

// admission is what a policy without exceptions does: only what is verified comes in.
func admission(o Outcome) string {
	if o.good() {
		return "admit"
	}
	return "deny"
}
