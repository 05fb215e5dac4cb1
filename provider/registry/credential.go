package registry

import (
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// logins reads the docker configs, in their order.
func (c *Client) logins(contents reload.Contents) (login.Configs, error) {
	var configs login.Configs
	for _, path := range c.DockerConfigs {
		config, err := login.Parse(path, contents[path])
		if err != nil {
			return nil, err
		}
		configs = append(configs, config)
	}
	return configs, nil
}

// Warnings tells what of the docker configs can never be used, one line each: keys that match no host, entries that cannot
// be read, helpers that are not there. No line holds a credential.
func (c *Client) Warnings() []string { return c.generation.Load().warnings(c) }

func (g *generation) warnings(c *Client) []string {
	var named []string
	for _, s := range c.Registries {
		named = append(named, s.Host, s.Mirror)
	}
	return g.logins.Warnings(named...)
}

// logWarnings tells at start and at each reload what [Client.Warnings] tells.
func (c *Client) logWarnings(g *generation) {
	if c.Log == nil {
		return
	}
	for _, warning := range g.warnings(c) {
		c.Log.Warn("part of a docker config is of no use", "warning", warning)
	}
}
