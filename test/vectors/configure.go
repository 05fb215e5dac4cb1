package vectors

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Configure tells a configuration all that the case has to say: registries, credentials, endpoints and settings.
func (s *Scene) Configure(c *config.Config) error {
	c.Registries, c.Egress.Allow = nil, nil
	switch egress := s.vector.Settings.Egress; egress {
	case "":
		c.Egress.Allow = []string{s.World.Endpoints.Host}
	case "none":
	default:
		return fmt.Errorf("settings: egress %q is not known", egress)
	}
	// Only the cases about deadlines are in a hurry, whatever else the machine has to do.
	c.AnswerWithin = config.Duration(10 * time.Second)
	if d := s.vector.Settings.AnswerWithin; d != 0 {
		c.AnswerWithin = config.Duration(d)
	}
	if d := s.vector.Settings.RequestTimeout; d != 0 {
		c.RequestTimeout = config.Duration(d)
	}
	if n := s.vector.Settings.Signatures; n != 0 {
		c.Limits.Signatures = n
	}
	for _, name := range slices.Sorted(maps.Keys(s.vector.Registries)) {
		spec := s.vector.Registries[name]
		if spec.Unlisted {
			continue
		}
		entry, err := s.entry(name, spec)
		if err != nil {
			return fmt.Errorf("registry %q: %w", name, err)
		}
		c.Registries = append(c.Registries, entry)
	}
	docker := filepath.Join(s.World.Dir, "docker.json")
	c.DockerConfigs = []string{docker}
	return s.writeDockerConfig(docker)
}

func (s *Scene) entry(name string, spec Registry) (config.Registry, error) {
	entry := config.Registry{Host: s.hosts[name], Referrers: spec.Referrers, PlainHTTPUnsafe: spec.PlainHTTP, MirrorOnly: spec.MirrorOnly}
	if entry.Referrers == "" {
		entry.Referrers = config.ReferrersAuto
	}
	if spec.Mirror != "" {
		if entry.Mirror = s.hosts[spec.Mirror]; entry.Mirror == "" {
			return entry, fmt.Errorf("mirror %q is no registry", spec.Mirror)
		}
	}
	var ca []byte
	switch r := s.Registries[name]; {
	case r == nil, spec.PlainHTTP, spec.CA == "system":
		return entry, nil
	case spec.CA == "":
		ca = r.CAPEM()
	case spec.CA == "another":
		ca = pemOf(s.World.ServerCA)
	default:
		return entry, fmt.Errorf("ca %q is not known", spec.CA)
	}
	entry.CAFile = filepath.Join(s.World.Dir, name+".crt")
	return entry, os.WriteFile(entry.CAFile, ca, 0o600)
}

// endpoints is how cases call what speaks for CAs.
const endpoints = "endpoints"

// Break sets the faults of the case, as new; restore takes them all back.
func (s *Scene) Break() (restore func(), err error) {
	restore = func() {
		s.World.Endpoints.LiftAll()
		for _, r := range s.Registries {
			r.LiftAll()
		}
	}
	for i, f := range s.vector.Faults {
		effect, err := f.effect()
		if err != nil {
			return restore, fmt.Errorf("fault %d: %w", i+1, err)
		}
		at := s.At(f.At)
		if at == nil {
			return restore, fmt.Errorf("fault %d: %q is no registry that runs", i+1, f.At)
		}
		at.Inject(rig.Match{Class: f.Class, Skip: f.Skip, Times: f.Times}, effect)
	}
	return restore, nil
}
