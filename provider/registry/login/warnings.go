package login

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// Warnings tells what of the file is of no use, one line each: keys that can never match, entries that cannot be read,
// helpers that are not there. Named are the hosts that the configuration names, mirrors for one: such a host need not be
// one that an image name can begin with. No line holds a credential.
func (c *Config) Warnings(named ...string) []string {
	all := slices.Clone(c.warnings)
	warn := func(format string, args ...any) { all = append(all, c.warning(format, args...)) }
	for _, host := range c.hosts {
		r := c.records[host]
		if !isImageHost(host) && !slices.Contains(named, host) {
			warn("%s can never match: no image name begins with this host; write it with its domain or port", shown(host))
		}
		if r.helper != "" && !isThere(r.helper) {
			warn("%v; images of %s are undecided until it is", noHelper("credHelpers "+shown(r.helperKeys[0]), r.helper).err, host)
		}
	}
	if c.store != "" && !isThere(c.store) {
		warn("%v; images of hosts that want a login and have none under auths are undecided until it is", noHelper("credsStore", c.store).err)
	}
	return all
}

func (c *Config) warning(format string, args ...any) string {
	return fmt.Sprintf("docker config %s: ", c.path) + fmt.Sprintf(format, args...)
}

// warn notes what stays true as long as the file does.
func (c *Config) warn(format string, args ...any) {
	c.warnings = append(c.warnings, c.warning(format, args...))
}

// warnUnread warns of a member at the top of the file that holds credentials, or is meant to, and is not read.
func (c *Config) warnUnread(m member) {
	name := strings.ToLower(m.name)
	switch {
	case holdsCredential(m.value):
		c.warn("%s stands at the top, as in an old .dockercfg, and is not read; put it under auths", shown(m.name))
	case strings.HasPrefix(name, "auth"), strings.HasPrefix(name, "cred"), slices.ContainsFunc(valuesOf(m.value), holdsCredential):
		c.warn("%s is not read; credentials stand under auths, helpers under credHelpers and credsStore", shown(m.name))
	case name == "kind" && string(m.value) == `"Secret"`:
		c.warn("it is a Secret of Kubernetes; name a file with what the Secret's .dockerconfigjson holds, as a mounted Secret has it")
	}
}

// holdsCredential tells an entry as it belongs under auths.
func holdsCredential(value json.RawMessage) bool {
	members, _ := membersOf(value)
	return slices.ContainsFunc(members, func(m member) bool {
		return m.is("auth") || m.is("password") || m.is("identitytoken") || m.is("registrytoken")
	})
}

func valuesOf(object json.RawMessage) []json.RawMessage {
	members, _ := membersOf(object)
	var all []json.RawMessage
	for _, m := range members {
		all = append(all, m.value)
	}
	return all
}

// conclude warns of what shows once the whole file is read.
func (c *Config) conclude() {
	for _, host := range c.hosts {
		switch r := c.records[host]; {
		case r.problem != nil:
			c.warn("%v; images of %s are undecided until it is mended", r.problem.err, host)
		case r.credential == auth.EmptyCredential && r.helper == "" && !c.asksStore(host):
			c.warn("%s is empty, and no helper is named that may have its credential; %s is asked without one", r.name(), host)
		}
	}
	if len(c.hosts) == 0 && c.store == "" && len(c.warnings) == 0 {
		c.warn("it holds no credentials: it has no entry under auths or credHelpers, and no credsStore")
	}
}

// program is the file name of a helper, with a hint where it was written with its prefix.
func program(helper string) string {
	name := fmt.Sprintf("%q", "docker-credential-"+helper)
	if bare, ok := strings.CutPrefix(helper, "docker-credential-"); ok {
		name += fmt.Sprintf(" (write %q, without the prefix)", bare)
	}
	return name
}
