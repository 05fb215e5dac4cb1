package login

import (
	"context"
	"fmt"
	"os/exec"
	"slices"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// Configs are docker configs in the order in which they are searched.
type Configs []*Config

// Credential returns the credential of a host[:port] in any spelling; an empty one where there is none. The first
// file that has one decides. It fails with [*Error] where a file has one that cannot be read: there is then no telling
// which is meant, and none is no answer. A credsStore that is not there keeps no later file from having one.
func (c Configs) Credential(ctx context.Context, host string) (auth.Credential, error) {
	host = canonical(host)
	if host == "" {
		return auth.EmptyCredential, nil
	}
	var absent error
	for _, config := range c {
		found, err := config.own(ctx, host)
		if err == nil && found == auth.EmptyCredential && config.asksStore(host) {
			if !isThere(config.store) {
				absent = config.failed(host, noHelper("credsStore", config.store))
				continue
			}
			found, err = config.ask(ctx, host, config.store)
		}
		if err != nil || found != auth.EmptyCredential {
			return found, err
		}
	}
	return auth.EmptyCredential, absent
}

// Warnings tells of all files what [Config.Warnings] tells of one.
func (c Configs) Warnings(named ...string) []string {
	var all []string
	for _, config := range c {
		all = append(all, config.Warnings(named...)...)
	}
	return all
}

// own returns the credential that the file has for this host: that of its own helper, else the one under auths.
func (c *Config) own(ctx context.Context, host string) (auth.Credential, error) {
	r := c.records[host]
	switch {
	case r == nil:
		return auth.EmptyCredential, nil
	case r.problem != nil:
		return auth.EmptyCredential, c.failed(host, r.problem)
	case r.helper == "":
		return r.credential, nil
	case !isThere(r.helper):
		return auth.EmptyCredential, c.failed(host, noHelper("credHelpers "+shown(r.helperKeys[0]), r.helper))
	}
	if found, err := c.ask(ctx, host, r.helper); err != nil || found != auth.EmptyCredential {
		return found, err
	}
	return r.credential, nil
}

// asksStore tells whether the credsStore is asked for the host, as docker does where credHelpers has no entry for it.
func (c *Config) asksStore(host string) bool {
	r := c.records[host]
	return c.store != "" && (r == nil || len(r.helperKeys) == 0)
}

// ask asks a helper for the credential of the host.
func (c *Config) ask(ctx context.Context, host, helper string) (auth.Credential, error) {
	store := credentials.NewNativeStore(helper)
	for _, key := range c.helperKeys(host) {
		found, err := store.Get(ctx, key)
		if err != nil {
			return auth.EmptyCredential, c.failed(host, &problem{reasonFailed, fmt.Errorf("asking the credential helper %q: %w", helper, err)})
		}
		if found != auth.EmptyCredential {
			return found, nil
		}
	}
	return auth.EmptyCredential, nil
}

// helperKeys are what a helper may have stored the host's credential under: for Docker Hub what docker login uses, for
// others the keys as they are written in the file and the host itself.
func (c *Config) helperKeys(host string) []string {
	if host == hub {
		return []string{hubKey}
	}
	var keys []string
	if r := c.records[host]; r != nil {
		keys = slices.Concat(r.helperKeys, r.keys)
	}
	var distinct []string
	for _, key := range append(keys, host) {
		if !slices.Contains(distinct, key) {
			distinct = append(distinct, key)
		}
	}
	return distinct
}

func noHelper(section, helper string) *problem {
	return &problem{reasonNoHelper, fmt.Errorf("%s: the program %s is not on the PATH", section, program(helper))}
}

// isThere tells whether a helper can be run.
func isThere(helper string) bool {
	_, err := exec.LookPath("docker-credential-" + helper)
	return err == nil
}
