package registry

import (
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// logins reads the docker configs, in their order.
func (o Options) logins(contents reload.Contents) (login.Configs, error) {
	var configs login.Configs
	for _, path := range o.DockerConfigs {
		config, err := login.Parse(path, contents[path])
		if err != nil {
			return nil, err
		}
		configs = append(configs, config)
	}
	return configs, nil
}

// Warnings names the parts of docker configs that can never be used, one line each: keys that match no host, entries that
// cannot be read, helpers that are missing. No line holds a credential.
func (c *Client) Warnings() []string { return c.generation.Load().warnings() }

func (g *generation) warnings() []string {
	var named []string
	for _, s := range g.options.Registries {
		named = append(named, s.Host, s.Mirror)
	}
	return g.logins.Warnings(named...)
}

// logWarnings logs the [Client.Warnings] at start and at each reload.
func (g *generation) logWarnings() {
	if g.options.Log == nil {
		return
	}
	for _, warning := range g.warnings() {
		g.options.Log.Warn("docker config entry not usable", "warning", warning)
	}
}
