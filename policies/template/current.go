package template

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Current returns an error if the folder's template.yaml is not what its policy makes: the policy was changed after the
// template, or cannot make one. Tests of such a template say nothing about the policy. The error names the command that
// writes the template again. A folder without a policy or a template, and a template written by hand, are no error.
func Current(folder string, lib fs.FS) error {
	if missing(folder, PolicyFile) {
		return nil
	}
	file := filepath.Join(folder, TemplateFile)
	have, err := regularfile.Read(file, regularfile.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	generator, generated := generatorOf(have)
	if !generated {
		return nil
	}
	want, err := Generate(folder, lib, generator)
	if err != nil {
		return fmt.Errorf("no template can be made of the policy as it is now: %w", err)
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("%s is out of date: the tests ran another policy than %s: run %s", file, PolicyFile, command(generator, folder))
	}
	return nil
}

// generatorOf is the generator that a template's first line names.
func generatorOf(text []byte) (generator string, ok bool) {
	line, _, _ := strings.Cut(string(text), "\n")
	before, after, ok := strings.Cut(header("\x00"), "\x00")
	if !ok || !strings.HasPrefix(line, before) {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimPrefix(line, before), strings.TrimSuffix(after, "\n")), true
}

// command is what a person types to run a generator; make generate knows its folders.
func command(generator, folder string) string {
	if strings.HasPrefix(generator, "make ") {
		return generator
	}
	return generator + " " + folder
}

func missing(folder, name string) bool {
	_, err := regularfile.Read(filepath.Join(folder, name), regularfile.MaxText)
	return errors.Is(err, fs.ErrNotExist)
}
