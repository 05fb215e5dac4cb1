package login

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// The names of Docker Hub. hubKey is what its credentials are stored under: docker login writes it, and credential
// helpers are asked for it.
const (
	hub    = "docker.io"
	hubKey = "https://index.docker.io/v1/"
)

// IsDockerHub tells whether a host[:port] is one of Docker Hub's names: docker.io, index.docker.io and
// registry-1.docker.io.
func IsDockerHub(host string) bool { return canonical(host) == hub }

// canonical is the one spelling of a host[:port], the one that image names have: lower case, no :443, and docker.io for
// each name of Docker Hub.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	if slices.Contains([]string{"index.docker.io", "registry-1.docker.io"}, host) {
		return hub
	}
	return host
}

// Why a key stands for no host.
var (
	errWildcard = errors.New("wildcards are not read; write an entry for each host")
	errNoHost   = errors.New("this is not a host; write host or host:port")
)

// hostPattern matches host[:port] in lower case. An underscore is no part of a DNS name, and some image names have one.
var hostPattern = regexp.MustCompile(`^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// hostsOf returns the hosts that a key of a docker config is for, in their canonical spelling. A scheme and a path are
// left out, as docker does. A key with http:// and no other port than 80 is for the host with that port and without. The
// keys that docker login writes for tokens of its own are for no host.
func hostsOf(key string) ([]string, error) {
	scheme, rest := cutScheme(key)
	authority, path, _ := strings.Cut(rest, "/")
	switch {
	case strings.ContainsAny(authority, "*?"):
		return nil, errWildcard
	case !hostPattern.MatchString(strings.ToLower(authority)):
		return nil, errNoHost
	}
	host := canonical(authority)
	switch {
	case host == hub && isOwnToken(path):
		return nil, nil
	case scheme == "http://" && host != hub:
		if bare := strings.TrimSuffix(host, ":80"); !hasPort(bare) {
			return []string{bare, bare + ":80"}, nil
		}
	}
	return []string{host}, nil
}

func cutScheme(key string) (scheme, rest string) {
	for _, scheme := range []string{"https://", "http://"} {
		if len(key) >= len(scheme) && strings.EqualFold(key[:len(scheme)], scheme) {
			return scheme, key[len(scheme):]
		}
	}
	return "", key
}

// isOwnToken tells the path of the entries in which docker login keeps what a login by web browser gave it, beside the
// credential of Docker Hub. No registry takes them.
func isOwnToken(path string) bool {
	path = strings.TrimRight(path, "/")
	return path == "v1/access-token" || path == "v1/refresh-token"
}

func hasPort(host string) bool {
	return strings.LastIndexByte(host, ':') > strings.LastIndexByte(host, ']')
}

// isImageHost tells whether an image name can begin with the host: one without a dot or a port is read as a part of a
// path at Docker Hub.
func isImageHost(host string) bool {
	return host == "localhost" || strings.ContainsAny(host, ".:")
}
