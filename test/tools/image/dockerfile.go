package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

const fileName = "Dockerfile"

// dockerfile is a Dockerfile, read.
type dockerfile struct {
	stages []instructions.Stage
	args   map[string]string // of the ARGs before the first FROM
}

func readDockerfile(context string) (*dockerfile, error) {
	file, err := os.Open(filepath.Join(context, fileName))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	parsed, err := parser.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	}
	stages, global, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	}
	d := &dockerfile{stages: stages, args: map[string]string{}}
	for _, command := range global {
		for _, arg := range command.Args {
			d.args[arg.Key] = arg.ValueString()
		}
	}
	return d, nil
}

// stage finds a stage by its name, which Docker reads in any case.
func (d *dockerfile) stage(name string) (*instructions.Stage, bool) {
	for i := range d.stages {
		if strings.EqualFold(d.stages[i].Name, name) {
			return &d.stages[i], true
		}
	}
	return nil, false
}

// at says which line of the Dockerfile an error is about.
func at(command instructions.Command, err error) error {
	if err == nil {
		return nil
	}
	line := 0
	if where := command.Location(); len(where) > 0 {
		line = where[0].Start.Line
	}
	return fmt.Errorf("%s:%d: %s: %w", fileName, line, strings.ToUpper(command.Name()), err)
}
