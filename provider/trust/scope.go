package trust

import (
	"fmt"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// wildcard is the scope that covers every repository.
const wildcard = "*"

// below is how a scope that covers everything below a path ends.
const below = "/*"

// Find returns the statement that covers a repository with the most specific scope: the
// repository itself, else the longest path above it, else the wildcard; false if none
// does. Walking up the repository from slash to slash is what keeps a match at path
// boundaries.
func (s *Snapshot) Find(repository string) (*Policy, bool) {
	if p, ok := s.scopes[repository]; ok {
		return p, true
	}
	for path := repository; ; {
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			break
		}
		path = path[:slash]
		if p, ok := s.scopes[path+below]; ok {
			return p, true
		}
	}
	p, ok := s.scopes[wildcard]
	return p, ok
}

// checkScope refuses what would never match. A scope is written as images are
// canonically named, or it would cover something else than it says.
func checkScope(scope string) error {
	if scope == wildcard {
		return nil
	}
	path, prefix := strings.CutSuffix(scope, below)
	if strings.Contains(path, "*") {
		return fmt.Errorf("registry scope %q: a wildcard may only stand alone or end a path, as in harbor.example.org/team/*", scope)
	}
	if !prefix && isHost(path) {
		return fmt.Errorf("registry scope %q names no repository; for all of a registry write %s/*", scope, path)
	}
	probe := path
	if prefix {
		probe += "/a/b" // two parts: a path of one would become one of Docker Hub's official images
	}
	image, err := provider.ParseImage(probe)
	if err != nil {
		return fmt.Errorf("registry scope %q is not a repository: %w", scope, err)
	}
	if image.Repository != probe {
		return fmt.Errorf("registry scope %q is never matched: the image it names is %s", scope, canonicalScope(image, prefix))
	}
	return nil
}

// isHost tells whether a scope is the name of a registry, and not a short name
// for one of Docker Hub's images.
func isHost(scope string) bool {
	return !strings.Contains(scope, "/") && (scope == "localhost" || strings.ContainsAny(scope, ".:"))
}

func canonicalScope(image provider.Image, prefix bool) string {
	if prefix {
		return strings.TrimSuffix(image.Repository, "/a/b") + below
	}
	return image.Repository
}
