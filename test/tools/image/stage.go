package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// builder builds stages for one platform.
type builder struct {
	*dockerfile
	context   string
	temporary string
	platform  v1.Platform
	given     map[string]string // what -build-arg says
	log       io.Writer

	built map[string]*stage // by name
}

// stage is a stage while it is built. One from scratch becomes an image: it has a configuration and layers. Any other has
// files in a folder, in which commands run.
type stage struct {
	root   string // empty for one from scratch
	dir    string // WORKDIR
	args   map[string]string
	config v1.Config
	layers []layer
}

// stage builds a stage, and what it is made from, unless that was done before.
func (b *builder) stage(ctx context.Context, name string) (*stage, error) {
	if s := b.built[name]; s != nil {
		return s, nil
	}
	written, ok := b.dockerfile.stage(name)
	if !ok {
		return nil, fmt.Errorf("the Dockerfile has no stage %q", name)
	}
	s, err := b.from(ctx, written.BaseName)
	if err != nil {
		return nil, err
	}
	for _, command := range written.Commands {
		if err := at(command, b.apply(ctx, s, command)); err != nil {
			return nil, err
		}
	}
	b.built[name] = s
	return s, nil
}

// from begins a stage: with nothing, with what another stage has, or with this machine's Go in place of Go's image.
func (b *builder) from(ctx context.Context, base string) (*stage, error) {
	s := &stage{dir: "/", args: map[string]string{}}
	if base == "scratch" {
		return s, nil
	}
	root, err := os.MkdirTemp(b.temporary, "stage-")
	if err != nil {
		return nil, err
	}
	s.root = root
	if strings.HasPrefix(base, "golang:") {
		return s, b.compareGo(ctx, strings.TrimPrefix(base, "golang:"))
	}
	earlier, err := b.stage(ctx, base)
	if err != nil {
		return nil, fmt.Errorf("FROM %s: %w; there is no image but golang here", base, err)
	}
	if earlier.root == "" {
		return nil, fmt.Errorf("FROM %s: it is from scratch, and nothing can be added to it", base)
	}
	s.dir, s.config.Env = earlier.dir, append([]string(nil), earlier.config.Env...)
	return s, os.CopyFS(root, os.DirFS(earlier.root))
}

// errUnknown is an instruction, or a flag of one, that would change the image, and is not understood.
var errUnknown = errors.New("make image does not know this; see test/tools/image/README.md")

func (b *builder) apply(ctx context.Context, s *stage, command instructions.Command) error {
	if c, ok := command.(instructions.SupportsSingleWordExpansion); ok {
		if err := c.Expand(s.expand); err != nil {
			return err
		}
	}
	switch c := command.(type) {
	case *instructions.ArgCommand:
		s.arg(c, b.values())
	case *instructions.WorkdirCommand:
		return s.workdir(c.Path)
	case *instructions.CopyCommand:
		return b.copy(ctx, s, c)
	case *instructions.RunCommand:
		return b.run(ctx, s, c)
	default:
		return s.configure(command)
	}
	return nil
}

// values are those of ARGs that say more than their defaults.
func (b *builder) values() map[string]string {
	values := maps.Clone(b.args)
	maps.Copy(values, b.given)
	maps.Copy(values, map[string]string{
		"TARGETPLATFORM": b.platform.String(), "TARGETOS": b.platform.OS, "TARGETARCH": b.platform.Architecture, "TARGETVARIANT": b.platform.Variant,
	})
	return values
}

func (s *stage) arg(c *instructions.ArgCommand, values map[string]string) {
	for _, arg := range c.Args {
		if value, ok := values[arg.Key]; ok {
			s.args[arg.Key] = value
		} else if arg.Value != nil {
			s.args[arg.Key] = *arg.Value
		}
	}
}

// variables are what $NAME stands for; an ENV counts before an ARG.
func (s *stage) variables() []string {
	var all []string
	for name, value := range s.args {
		all = append(all, name+"="+value)
	}
	return append(all, s.config.Env...)
}

func (s *stage) expand(word string) (string, error) {
	expanded, _, err := shell.NewLex('\\').ProcessWord(word, shell.EnvsFromSlice(s.variables()))
	return expanded, err
}

// path is where a path of the stage is on this machine.
func (s *stage) path(name string) string {
	return filepath.Join(s.root, filepath.FromSlash(s.absolute(name)))
}

// absolute is a path of the stage, from its WORKDIR.
func (s *stage) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(s.dir, name)
}

func (s *stage) workdir(name string) error {
	s.dir = s.absolute(name)
	if s.root == "" {
		return errUnknown // it would have to make a folder
	}
	return os.MkdirAll(s.path("."), 0o755)
}
