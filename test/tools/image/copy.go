package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// copy copies files: of the context into a stage, or of a stage into an image.
func (b *builder) copy(ctx context.Context, s *stage, c *instructions.CopyCommand) error {
	if c.Chown != "" || c.Chmod != "" || c.Link || c.Parents || len(c.ExcludePatterns)+len(c.SourceContents) > 0 {
		return errUnknown
	}
	if (s.root == "") != (c.From != "") {
		return fmt.Errorf("%w: the context is copied to where commands run, and what they made to images from scratch", errUnknown)
	}
	if c.From == "" {
		return b.copyContext(s, c)
	}
	from, err := b.stage(ctx, c.From)
	if err != nil {
		return err
	}
	added := layer{by: c.String()}
	for _, source := range c.SourcePaths {
		name := s.absolute(c.DestPath)
		if strings.HasSuffix(c.DestPath, "/") || len(c.SourcePaths) > 1 {
			name = path.Join(name, path.Base(source))
		}
		added.files = append(added.files, file{name: name, content: from.path(source)})
	}
	s.layers = append(s.layers, added)
	return nil
}

// copyContext copies what .dockerignore leaves: of a folder its content, as Docker does.
func (b *builder) copyContext(s *stage, c *instructions.CopyCommand) error {
	ignored, err := b.ignored()
	if err != nil {
		return err
	}
	for _, source := range c.SourcePaths {
		to := s.path(c.DestPath)
		info, err := os.Stat(filepath.Join(b.context, source))
		if err != nil {
			return err
		}
		if !info.IsDir() && (strings.HasSuffix(c.DestPath, "/") || len(c.SourcePaths) > 1) {
			to = filepath.Join(to, filepath.Base(source))
		}
		if err := copyTree(b.context, source, to, ignored); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) ignored() (*patternmatcher.PatternMatcher, error) {
	file, err := os.Open(filepath.Join(b.context, ".dockerignore"))
	if os.IsNotExist(err) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return patternmatcher.New(patterns)
}

// copyTree copies a file, or a folder's files, that are not ignored.
func copyTree(context, source, to string, ignored *patternmatcher.PatternMatcher) error {
	top := filepath.Join(context, source)
	return filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inContext, err := filepath.Rel(context, name)
		if err != nil {
			return err
		}
		if skip, err := ignored.MatchesOrParentMatches(inContext); err != nil || skip {
			return err
		}
		below, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		return copyFile(name, filepath.Join(to, below))
	})
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}
