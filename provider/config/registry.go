package config

// Registry holds the settings of one registry. An entry is found by exact host.
type Registry struct {
	// The registry's host[:port], as image names have it: lower case, no scheme,
	// no path, no :443. Docker Hub is docker.io. Must be given, once each.
	Host string `yaml:"host"`

	// The host[:port] that is asked first in place of this registry. It is asked with the
	// credentials and settings of its own entry, while the name of the image stays as it is. When
	// it does not have the image or fails, this registry is asked. It is asked too when none of the
	// signatures that the mirror lists is good: no image is refused by a mirror's word alone.
	// Default: no mirror.
	Mirror string `yaml:"mirror"`

	// Ask the mirror alone, and never this registry. Default false. What the
	// mirror does not have is then not found, and its list of signatures counts.
	MirrorOnly bool `yaml:"mirrorOnly"`

	// The host[:port] of this registry's token service, where that is another host: gitlab.com for
	// registry.gitlab.com. Without it the registry's credential goes to the registry alone,
	// whatever service it names. Then a service at a private address is not asked at all. Default:
	// none; for docker.io it is auth.docker.io. The credential goes to it over TLS only, unless an
	// entry of its own says plainHTTPUnsafe.
	TokenService string `yaml:"tokenService"`

	// The host[:port]s of the storage that this registry redirects downloads to,
	// where that is at a private address and has no entry of its own under
	// registries. Default: none, so that a redirect leads to public addresses, to
	// the registry itself and to registries that have an entry.
	Storage []string `yaml:"storage"`

	// PEM file with certificate authorities that are trusted for this registry,
	// its token service and its storage, beside the system's. Default: the
	// system's alone. One that cannot be read ends the process at start.
	CAFile string `yaml:"caFile"`

	// Trust the authorities in caFile alone, and not the system's. Default
	// false. Storage that the registry redirects to then needs a certificate of
	// theirs too.
	CAOnly bool `yaml:"caOnly"`

	// Where signatures are looked for: auto, api, tag or both. The API is the referrers API of OCI
	// 1.1 and the tag is its fallback schema. auto asks the API, and the tag where there is no API,
	// where it fails or where it lists no signature. An API that refuses us (401, 403, 429 …) or
	// fails may hide signatures. A good one by tag counts then; without one the image is undecided.
	// Default auto.
	Referrers Referrers `yaml:"referrers"`

	// Speak plain HTTP with this registry. UNSAFE: credentials go over the wire
	// unencrypted, and an attacker on the network can move tags and hide
	// signatures, though not forge them. Default false. It is logged at each start.
	PlainHTTPUnsafe bool `yaml:"plainHTTPUnsafe"`
}

// Referrers says where the signatures of a registry's images are looked for.
type Referrers string

// The ways to look for signatures.
const (
	ReferrersAuto Referrers = "auto" // the API; the tag schema where the API is missing, fails or lists none
	ReferrersAPI  Referrers = "api"  // the referrers API only
	ReferrersTag  Referrers = "tag"  // the referrers tag schema only
	ReferrersBoth Referrers = "both" // both, and what they list together
)
