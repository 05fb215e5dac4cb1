package registry

import (
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// logins reads the docker configs, in their order.
func (r *Registries) logins(contents reload.Contents) (login.Configs, error) {
	var configs login.Configs
	for _, path := range r.DockerConfigs {
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
func (r *Registries) Warnings() []string { return r.files.Load().warnings(r) }

func (f *files) warnings(r *Registries) []string {
	var named []string
	for _, c := range r.Registries {
		named = append(named, c.Host, c.Mirror)
	}
	return f.logins.Warnings(named...)
}

// logWarnings tells at start and at each reload what [Registries.Warnings] tells.
func (r *Registries) logWarnings(f *files) {
	if r.Log == nil {
		return
	}
	for _, warning := range f.warnings(r) {
		r.Log.Warn("part of a docker config is of no use", "warning", warning)
	}
}
