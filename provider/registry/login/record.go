package login

import (
	"fmt"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// record is all that one file says of one host.
type record struct {
	keys       []string // under auths, as written
	credential auth.Credential
	from       string // the key that the credential stands under

	helperKeys []string // under credHelpers, as written
	helper     string   // "" means: read auths, and do not ask the credsStore

	problem *problem // why there is no telling which credential the host has
}

// problem is why a record is of no use.
type problem struct {
	reason string // without key and value; %s stands for the host
	err    error  // names the key
}

// The reasons for which no credential can be had, as anyone may read them.
const (
	reasonUnreadable = "the credentials configured for %s cannot be read; see the log, or run check"
	reasonConflict   = "the credentials configured for %s contradict each other; see the log, or run check"
	reasonNoHelper   = "the credential helper configured for %s is not there; see the log, or run check"
	reasonFailed     = "the credential helper configured for %s failed; see the log"
	reasonNotBasic   = "the credential configured for %s is a token, and the registry wants a username and a password"
	reasonNoScheme   = "the registry %s offers no way to log in that is known here"
)

// addEntry takes one more entry for the host. The same credential twice is no conflict. Of two that differ, the one that
// is meant is not known, and neither is used.
func (r *record) addEntry(key string, credential auth.Credential, err error) {
	r.keys = append(r.keys, key)
	switch {
	case r.problem != nil:
	case err != nil:
		r.problem = &problem{reasonUnreadable, fmt.Errorf("auths %s cannot be used: %w", shown(key), err)}
	case credential == auth.EmptyCredential, credential == r.credential:
	case r.credential != auth.EmptyCredential:
		r.problem = conflict("auths", r.from, key)
	default:
		r.credential, r.from = credential, key
	}
}

// addHelper takes one more helper for the host.
func (r *record) addHelper(key, name string, err error) {
	switch {
	case r.problem != nil:
	case err != nil:
		r.problem = &problem{reasonUnreadable, fmt.Errorf("credHelpers %s cannot be used: it is not the name of a helper", shown(key))}
	case len(r.helperKeys) > 0 && r.helper != name:
		r.problem = conflict("credHelpers", r.helperKeys[0], key)
	}
	r.helperKeys = append(r.helperKeys, key)
	r.helper = name
}

// name is where the file first speaks of the host.
func (r *record) name() string {
	if len(r.keys) > 0 {
		return "auths " + shown(r.keys[0])
	}
	return "credHelpers " + shown(r.helperKeys[0])
}

func conflict(section, first, second string) *problem {
	return &problem{reasonConflict, fmt.Errorf("%s %s and %s are for one host and differ; credentials are looked up by host, so keep one that is for all of it", section, shown(first), shown(second))}
}

// Error says why the credential of a host cannot be had, or not be used.
type Error struct {
	// Reason is one line that anyone may read: it names the host, and no key, file or helper.
	Reason string
	// Err names file and key, or holds what a helper said; never a credential.
	Err error
}

// Error is for logs and for administrators.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// failed makes the error that a lookup of the host fails with.
func (c *Config) failed(host string, p *problem) *Error {
	return &Error{Reason: fmt.Sprintf(p.reason, host), Err: fmt.Errorf("docker config %s: %w", c.path, p.err)}
}
