package registry

import (
	"log/slog"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// Options are what New needs.
type Options struct {
	// Client are the hosts with settings of their own.
	Registries []config.Registry
	// DockerConfigs are files in the form of ~/.docker/config.json, searched in
	// order; the first with a credential for a host wins.
	DockerConfigs []string
	// Guard is the base of each registry's guard: the addresses that it allows may be
	// reached for any registry.
	Guard *egress.Guard
	// RequestTimeout bounds one request.
	RequestTimeout time.Duration
	// Signatures bounds how many manifests of an image's list are fetched for their artifact type, where the list
	// does not say it.
	Signatures int
	// Envelope bounds a signature envelope, in bytes. Default: 128 KiB.
	Envelope int64
	// UserAgent is sent with each request.
	UserAgent string
	// Observe is called for every request: its host if that is configured, else
	// "other", the status or 0, and how long it took; nil is fine.
	Observe func(host string, status int, took time.Duration)
	// Log gets a line for each part of a docker config that cannot be used, at start and at
	// each reload; nil is fine.
	Log *slog.Logger
}

// Limits of what a registry may send. Honest signatures need far less: an envelope with
// a timestamp has about 20 KB.
const (
	// MaxManifestBytes bounds manifests, indexes and pages of referrers; it is also
	// what registries accept.
	MaxManifestBytes = 4 << 20
	// MaxSignatureManifestBytes bounds the manifest of a signature; honest ones have 1 KiB.
	MaxSignatureManifestBytes = 64 << 10
	defaultEnvelope           = 128 << 10
	// maxLarge bounds the answers of more than 64 KiB that are held at one time, over all registries, and maxLargeOfHost
	// those of one registry, or of all hosts without an entry.
	maxLarge, maxLargeOfHost = 3, 2
	// maxCommas bounds what JSON can hold in those bytes: a thousand signatures with ten
	// annotations each have half as many commas.
	maxCommas = 32 << 10
	// MaxReferrerPages, MaxReferrers and MaxListBytes bound the list of an image's signatures: a thousand honest
	// entries have about 600 KiB.
	MaxReferrerPages = 20
	MaxReferrers     = 1000
	MaxListBytes     = 1 << 20
	// maxHosts bounds the hosts whose connections and tokens are kept.
	maxHosts = 256
	// maxIdleOther bounds the connections to a host without an entry that are kept and not in use: a client who names images
	// can name maxHosts such hosts in the 30 s that one is kept.
	maxIdleOther = 2
	// maxHostAge is when a host's tokens are dropped, so that they do not pile up.
	maxHostAge = time.Hour
)
