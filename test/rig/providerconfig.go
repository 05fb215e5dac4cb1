package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// providerDir makes the directory that is asked for, or a new one.
func (w *Env) providerDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp(w.Dir, "provider-")
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// writeConfig writes everything that the server reads but its TLS files, and returns the path of its configuration.
func (w *Env) writeConfig(dir string, files ServerFiles, opts ProviderOptions) (string, error) {
	trust := opts.Trust
	if len(trust.Policies) == 0 {
		trust = w.Trust("*")
	}
	if err := trust.Write(dir); err != nil {
		return "", err
	}
	c := config.Default()
	c.Listen, c.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	c.TLS = config.TLS{CertFile: files.CertFile, KeyFile: files.KeyFile, ClientCAFile: files.ClientCAFile, ClientNames: []string{GatekeeperName}}
	c.Egress.Allow = []string{w.Endpoints.Host}
	c.DrainDelay = config.Duration(10 * time.Millisecond)
	if err := addRegistries(&c, dir, opts.Registries); err != nil {
		return "", err
	}
	if opts.Edit != nil {
		opts.Edit(&c)
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding the configuration: %w", err)
	}
	file := filepath.Join(dir, "config.yaml")
	return file, os.WriteFile(file, text, 0o600)
}

// addRegistries tells the configuration how to reach the registries, and as whom.
func addRegistries(c *config.Config, dir string, registries []*Registry) error {
	c.Registries = nil
	for i, r := range registries {
		entry := config.Registry{Host: r.Host, Referrers: config.ReferrersAuto, PlainHTTPUnsafe: r.CA == nil}
		if r.CA != nil {
			entry.CAFile = filepath.Join(dir, fmt.Sprintf("registry-%d.crt", i+1))
			if err := os.WriteFile(entry.CAFile, r.CAPEM(), 0o600); err != nil {
				return err
			}
		}
		c.Registries = append(c.Registries, entry)
	}
	docker := filepath.Join(dir, "docker.json")
	c.DockerConfigs = []string{docker}
	return WriteDockerConfig(docker, registries...)
}
