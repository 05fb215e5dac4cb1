package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// plainHTTP says how registries that could not be asked, and may have no TLS, are asked
// over plain HTTP: the lines to write. It is empty if there are none. Without a
// configuration a registry is asked over TLS, and not at an address inside the network.
func plainHTTP(c config.Config, reports []report) string {
	var hosts []string
	for _, r := range reports {
		if host := r.plainHost(); host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nnote: without a configuration %s is asked over TLS only. To ask over plain HTTP, write these lines to a file, and name it by --config:\n\n", strings.Join(hosts, ", "))
	b.WriteString("registries:\n")
	for _, host := range hosts {
		fmt.Fprintf(&b, "  - host: %q\n    plainHTTPUnsafe: true\n", host)
	}
	fmt.Fprintf(&b, "trust:\n  policyFile: %q\n  storeDir: %q\n", c.Trust.PolicyFile, c.Trust.StoreDir)
	for i, file := range c.DockerConfigs {
		if i == 0 {
			b.WriteString("dockerConfigs:\n")
		}
		fmt.Fprintf(&b, "  - %q\n", file)
	}
	return b.String()
}

// plainHost is the registry of an image that is undecided, if that may have no TLS. That is one on
// this machine or inside the network, or one that answered so. Empty otherwise.
func (r report) plainHost() string {
	image, err := provider.ParseQuestion(r.Image)
	if err != nil || r.Outcome != outcomeUndecided || r.Cause != provider.CauseRegistry {
		return ""
	}
	if inside(image.Host) || strings.Contains(r.Detail, "server gave HTTP response to HTTPS client") {
		return image.Host
	}
	return ""
}

// inside tells by a registry's name that it is on this machine or inside the network.
func inside(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && (address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast())
}
