package main

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// configure does what an instruction says of the image's configuration.
func (s *stage) configure(command instructions.Command) error {
	switch c := command.(type) {
	case *instructions.EnvCommand:
		for _, pair := range c.Env {
			s.env(pair.Key, pair.Value)
		}
	case *instructions.LabelCommand:
		if s.config.Labels == nil {
			s.config.Labels = map[string]string{}
		}
		for _, pair := range c.Labels {
			s.config.Labels[pair.Key] = pair.Value
		}
	case *instructions.UserCommand:
		s.config.User = c.User
	case *instructions.ExposeCommand:
		return s.expose(c.Ports)
	case *instructions.EntrypointCommand:
		if c.PrependShell {
			return errUnknown // there is no shell
		}
		s.config.Entrypoint = c.CmdLine
	default:
		return errUnknown
	}
	return nil
}

func (s *stage) env(name, value string) {
	for i, pair := range s.config.Env {
		if strings.HasPrefix(pair, name+"=") {
			s.config.Env[i] = name + "=" + value
			return
		}
	}
	s.config.Env = append(s.config.Env, name+"="+value)
}

func (s *stage) expose(ports []string) error {
	if s.config.ExposedPorts == nil {
		s.config.ExposedPorts = map[string]struct{}{}
	}
	for _, port := range ports {
		port, err := s.expand(port)
		if err != nil {
			return err
		}
		if !strings.Contains(port, "/") {
			port += "/tcp"
		}
		s.config.ExposedPorts[port] = struct{}{}
	}
	return nil
}
