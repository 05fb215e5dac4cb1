package vectors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Scene is the world that a case speaks of.
type Scene struct {
	World *rig.Env
	// Registries are those that run, by name.
	Registries map[string]*rig.Registry
	// Trust is what is to be trusted.
	Trust rig.Trust

	vector *Vector
	now    time.Time
	hosts  map[string]string // of registries, also those that do not run
	pkis   map[string]*authority
	tsas   map[string]*stamper
	images map[string]rig.Image
	tags   map[string]digest.Digest // by "repository:tag": the last that was pushed there
	marks  map[digest.Digest][]Mark
}

// Mark is what a signature on an image says.
type Mark struct {
	Signer   string // the distinguished name
	SignedAt time.Time
	Metadata map[string]string
}

// Set makes the scene. The questions are in [Scene.Questions]; nothing is broken before [Scene.Break].
func Set(ctx context.Context, w *rig.Env, v *Vector) (*Scene, error) {
	s := &Scene{
		World:      w,
		Registries: map[string]*rig.Registry{},
		vector:     v,
		now:        time.Now(),
		hosts:      map[string]string{},
		pkis:       map[string]*authority{},
		tsas:       map[string]*stamper{"tsa": {TSA: w.TSA}},
		images:     map[string]rig.Image{},
		tags:       map[string]digest.Digest{},
		marks:      map[digest.Digest][]Mark{},
	}
	if err := errors.Join(s.setPKIs(), s.setTSAs(), s.setRegistries(ctx)); err != nil {
		return nil, err
	}
	for _, image := range v.Images {
		if err := s.setImage(ctx, image); err != nil {
			return nil, fmt.Errorf("image %q: %w", image.Name, err)
		}
	}
	if err := s.setTrust(); err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	if err := s.impersonate(); err != nil {
		return nil, err
	}
	if err := s.revoke(); err != nil {
		return nil, err
	}
	for _, r := range s.Registries {
		r.Forget() // what it took to get here
	}
	return s, nil
}

func (s *Scene) setRegistries(ctx context.Context) error {
	for name, spec := range s.vector.Registries {
		if spec.Kind == "none" {
			s.hosts[name] = name
			continue
		}
		r, err := s.World.Registry(ctx, rig.RegistryOptions{Kind: spec.Kind, Auth: spec.Auth, Readable: spec.Readable, Challenges: spec.Challenges, PlainHTTP: spec.PlainHTTP})
		if err != nil {
			return fmt.Errorf("registry %q: %w", name, err)
		}
		s.Registries[name], s.hosts[name] = r, r.Host
	}
	return nil
}

// Question is one image to ask about.
type Question struct {
	*Ask
	// Image is the image's name, byte for byte.
	Image string
	// Key is what the provider is asked: the name, and what is required of the signature.
	Key string
}

// Questions are those of the case, in its order.
func (s *Scene) Questions() ([]Question, error) {
	var all []Question
	for i := range s.vector.Asks {
		ask := &s.vector.Asks[i]
		for _, image := range ask.Images {
			name, err := s.expand(image)
			if err != nil {
				return nil, fmt.Errorf("asking %q: %w", image, err)
			}
			key := name
			if query := ask.Require.query(); query != "" {
				key += "?" + query
			}
			all = append(all, Question{Ask: ask, Image: name, Key: key})
		}
	}
	return all, nil
}

// Shares tells whether a server that was asked about other cases can be asked about this one. Its settings are the usual
// ones, and each image it asks about is at a registry of its own. Nothing that the server remembers is of such an image.
func (s *Scene) Shares(questions []Question) bool {
	if s.vector.Settings != (Settings{}) {
		return false
	}
	for _, q := range questions {
		if !slices.ContainsFunc(slices.Collect(maps.Values(s.Registries)), func(r *rig.Registry) bool {
			return strings.HasPrefix(q.Key, r.Host+"/")
		}) {
			return false
		}
	}
	return true
}

// expand puts in what a $name or ${name} stands for.
func (s *Scene) expand(text string) (string, error) {
	var errs []error
	expanded := os.Expand(text, func(name string) string {
		value, err := s.value(name)
		errs = append(errs, err)
		return value
	})
	return expanded, errors.Join(errs...)
}

func (s *Scene) value(name string) (string, error) {
	if host, ok := s.hosts[name]; ok {
		return host, nil
	}
	if text, times, ok := strings.Cut(name, "*"); ok {
		n, err := strconv.Atoi(times)
		return strings.Repeat(text, n), err
	}
	name, part, _ := strings.Cut(name, ".")
	image, ok := s.images[name]
	if !ok {
		return "", fmt.Errorf("$%s is neither a registry nor an image", name)
	}
	switch part {
	case "":
		return image.Name(), nil
	case "path":
		return image.Repository, nil
	case "digest":
		return image.Descriptor.Digest.String(), nil
	case "amd64", "arm64":
		if len(image.Children) == 2 {
			return image.Children[map[string]int{"amd64": 0, "arm64": 1}[part]].Descriptor.Digest.String(), nil
		}
	}
	return "", fmt.Errorf("image %q has no %q", name, part)
}

// Tag is the digest that a tag of a repository stands for, whatever the host; "" if none.
func (s *Scene) Tag(repository, tag string) digest.Digest { return s.tags[repository+":"+tag] }

// Marks are the signatures on a digest.
func (s *Scene) Marks(d digest.Digest) []Mark { return s.marks[d] }

// Secrets are what must never be seen anywhere: the passwords.
func (s *Scene) Secrets() []string {
	var all []string
	for _, r := range s.Registries {
		if r.Password != "" {
			all = append(all, r.Password)
		}
	}
	return all
}

// At is what stands before a registry that runs, or before the endpoints; nil for neither.
func (s *Scene) At(name string) *rig.FaultInjector {
	if name == endpoints {
		return s.World.Endpoints.FaultInjector
	}
	if r := s.Registries[name]; r != nil {
		return r.FaultInjector
	}
	return nil
}

// Asked is how many requests there were, at all registries and endpoints together.
func (s *Scene) Asked() int {
	n := s.World.Endpoints.Count()
	for _, r := range s.Registries {
		n += r.Count()
	}
	return n
}
