package config

// Config is everything that can be set. The zero value of a field is never in
// force: a key that is left out, or left empty, has its default. Each key says what it
// takes to apply a change of it, which [Keys] returns: "reload" is the next look at the
// file, "restart" a restart of the server.
type Config struct {
	// The host:port where Gatekeeper's requests are answered, over mutual TLS
	// only. Without a host it is every address of the machine. Default ":8443".
	// An address that cannot be bound ends the process at start.
	Listen string `yaml:"listen" applies:"restart"`

	// The host:port of health, readiness and metrics, over plain HTTP. Nothing
	// secret is served there, but keep it inside the cluster. Default ":8080".
	// An address that cannot be bound ends the process at start.
	AdminListen string `yaml:"adminListen" applies:"restart"`

	// The certificates of the mutual TLS listener. The three files have no default
	// and must be given.
	TLS TLS `yaml:"tls"`

	// How long a request to /validate may take before it is answered with what is known. Keep it
	// under the timeout of Gatekeeper's Provider object, and constraints × answerWithin + the time
	// of their Rego under the webhook's. An answer that comes later than the webhook waits may mean
	// admitted. Default 1800ms, at most 30s. Images not verified or refused by then are reported as
	// undecided.
	AnswerWithin Duration `yaml:"answerWithin" applies:"reload"`

	// How long a request to /mutate may take before it is answered, at most 30s.
	// The mutating webhook waits only one second by default. Default 800ms. Images
	// not resolved by then carry an error of their own.
	MutateWithin Duration `yaml:"mutateWithin" applies:"reload"`

	// How long the check of one image may go on, also after its request was
	// answered, at most 5m. The next request for the image then finds the verdict.
	// Default 15s. Must not be shorter than answerWithin or mutateWithin.
	VerifyWithin Duration `yaml:"verifyWithin" applies:"reload"`

	// How long one request to a registry, or to a CRL or OCSP responder, may
	// take, at most 5m. Default 5s. A request that takes longer leaves its image
	// undecided.
	RequestTimeout Duration `yaml:"requestTimeout" applies:"reload"`

	// How often every file named here is compared with what was last read, by
	// content, from 10ms to 1h. Default 10s. A file that is broken when read again changes
	// nothing: what was read before stays in force, and metrics and readiness
	// say so.
	Reload Duration `yaml:"reload" applies:"restart"`

	// How long requests are still taken after SIGTERM, when readiness fails already,
	// at most 1m. It is the time until Kubernetes has taken the pod out of the service
	// everywhere. Default 3s. The pod needs a terminationGracePeriodSeconds that is
	// more than 21s longer, or it is killed while it answers.
	DrainDelay Duration `yaml:"drainDelay" applies:"restart"`

	// The most of anything that one request, or all of them together, may ask
	// for.
	Limits Limits `yaml:"limits"`

	// What is remembered, and for how long.
	Cache Cache `yaml:"cache"`

	// What is trusted: the same files that the notation command reads.
	Trust Trust `yaml:"trust"`

	// Settings of registries by host. A host that has no entry here gets the
	// defaults of each key; being listed does not make a registry trusted.
	// Default: none.
	Registries []Registry `yaml:"registries" applies:"reload"`

	// What may be dialled on private addresses to learn of revocation.
	Egress Egress `yaml:"egress"`

	// Files in the form of ~/.docker/config.json with the credentials of
	// registries, looked up by host, the first file that has the host first. A
	// key means its host, whatever its scheme, path and letter case; Docker Hub
	// is found under each of its names. An entry that cannot be used concerns its
	// host alone: the host's images are undecided, and check and the log name
	// the entry. Default: none, so that every registry is asked anonymously. A
	// file that is missing or not JSON ends the process at start.
	DockerConfigs []string `yaml:"dockerConfigs" applies:"reload"`

	// What is written to standard error.
	Log Log `yaml:"log"`
}

// TLS holds the certificates of the mutual TLS listener.
type TLS struct {
	// PEM file with the serving certificate, its intermediates after it. Its
	// names must cover the address in Gatekeeper's Provider object. No default.
	// One that is missing, expired or without its key ends the process at start.
	CertFile string `yaml:"certFile" applies:"restart"`

	// PEM file with the private key of the serving certificate. No default. One
	// that does not fit the certificate ends the process at start.
	KeyFile string `yaml:"keyFile" applies:"restart"`

	// PEM file with the certificate authorities that Gatekeeper's client
	// certificate must come from. It is ca.crt of Gatekeeper's webhook secret.
	// No default. One without a certificate ends the process at start.
	ClientCAFile string `yaml:"clientCAFile" applies:"restart"`

	// The names that may come in: a client certificate needs one of these,
	// exactly, as DNS or URI subject alternative name. The common name does not
	// count and wildcards are refused. Default: the service of Gatekeeper's
	// webhook in the namespace gatekeeper-system. With a wrong name Gatekeeper's
	// connections are refused, and the log says which names it had.
	ClientNames []string `yaml:"clientNames" applies:"restart"`
}

// Limits bounds requests and what registries send.
type Limits struct {
	// The largest request body, in bytes or with KiB, MiB, GiB, at most 64MiB.
	// Default 1MiB. A larger one is refused as a whole.
	RequestBytes Bytes `yaml:"requestBytes" applies:"reload"`

	// The most images in one request, at most 10000. Default 256. A request with
	// more is refused as a whole.
	Keys int `yaml:"keys" applies:"reload"`

	// The most images checked at the same time, over all requests, at most 4096.
	// Default 64. Others wait, and are undecided when their request's time is over.
	Concurrent int `yaml:"concurrent" applies:"reload"`

	// The most images of one registry checked at the same time, so that a slow
	// registry does not hold up the others, at most 4096. Default 32. Others wait,
	// and are undecided when their request's time is over.
	PerRegistry int `yaml:"perRegistry" applies:"reload"`

	// The most signatures of one image that are tried, at most 1000. Default 20.
	// An image with more of them and none good is refused as too-many-signatures. A
	// mirror and the registry behind it have as many each. Where a list does not tell
	// what it lists, so many manifests are fetched to see whether they are signatures.
	Signatures int `yaml:"signatures" applies:"reload"`

	// The largest signature envelope that is looked at, in bytes or with KiB, MiB, GiB,
	// at most 1MiB. Honest ones have about 20 KiB. Default 128KiB.
	Envelope Bytes `yaml:"envelope" applies:"reload"`
}

// Cache says what is remembered, and for how long.
type Cache struct {
	// The most entries that each cache holds, at most 1000000. Default 20000, which
	// is some tens of MiB when full. The least recently used entry makes room for a new one.
	Entries int `yaml:"entries" applies:"reload"`

	// How long a verified image stays verified, at most 24h, and never past the
	// moment that its signature or certificates lapse. Default 10m. A revocation is noticed
	// this much later at the latest.
	Verified Duration `yaml:"verified" applies:"reload"`

	// How long a refusal is remembered, at most 24h. Default 15s. Keep it short: a
	// signature may be pushed a moment after its image.
	Refused Duration `yaml:"refused" applies:"reload"`

	// How long a tag is taken to mean the same digest, at most 24h. Default 60s. A
	// tag that was moved is noticed this much later.
	Tags Duration `yaml:"tags" applies:"reload"`

	// The signatures of images that were verified, which are verified again each time, by
	// today's trust. While one is kept its image goes on being verified, though its
	// registry is down.
	Evidence Evidence `yaml:"evidence"`
}

// Evidence says where signatures are kept.
type Evidence struct {
	// How many bytes of signatures this process keeps, in bytes or with KiB, MiB, GiB, at
	// most 16GiB. Default 64MiB, which is some six thousand images. The least recently used
	// makes room for a new one.
	Memory Bytes `yaml:"memory" applies:"reload"`

	// Where else signatures are kept, so that a restart loses none: none, directory or
	// valkey. Default none. What is there is verified like what a registry sends. A store that is
	// slow, full or broken holds nothing up: the registry is asked instead.
	Store EvidenceStore `yaml:"store" applies:"restart"`

	// The folder of the store directory.
	Directory EvidenceDirectory `yaml:"directory"`

	// The servers of the store valkey: Valkey or Redis, shared by all replicas.
	Valkey EvidenceValkey `yaml:"valkey"`
}

// EvidenceStore names a store of signatures outside this process.
type EvidenceStore string

// The stores.
const (
	StoreNone      EvidenceStore = "none"
	StoreDirectory EvidenceStore = "directory"
	StoreValkey    EvidenceStore = "valkey"
)

// EvidenceDirectory is a folder with one file for each signature.
type EvidenceDirectory struct {
	// The folder, which nothing else should use; with the store directory it is required.
	// Paths are relative to the configuration file. Default empty. The folder is made if its
	// parent is there. Replicas may share it.
	Path string `yaml:"path" applies:"restart"`

	// How many bytes the folder may take, in bytes or with KiB, MiB, GiB, from 16MiB to at
	// most 1GiB. Default 256MiB, which is some twenty thousand images. The least recently
	// used make room, and one repository has an eighth of it at most.
	Size Bytes `yaml:"size" applies:"restart"`
}

// Trust names notation's own files.
type Trust struct {
	// The trust policy: a file in the form of notation's trustpolicy.json, or a
	// folder where trustpolicy.oci.json is read, else trustpolicy.json; empty is
	// the configuration file's own folder. Paths are relative to the
	// configuration file. Default empty. A policy that is missing or wrong ends
	// the process at start.
	PolicyFile string `yaml:"policyFile" applies:"reload"`

	// The folder that holds notation's x509 folder of trust stores. Paths are
	// relative to the configuration file. Default truststore. A store that the
	// policy names and that is missing or empty ends the process at start.
	StoreDir string `yaml:"storeDir" applies:"reload"`
}

// Egress says what may be dialled on private addresses to learn of revocation.
type Egress struct {
	// The host[:port] of CRL and OCSP responders on private addresses; without a
	// port it is ports 80 and 443. Default: none. Other URLs in certificates are
	// dialled only at public addresses, so that no certificate can
	// send this process into the cluster's own network. It is for revocation
	// alone: the hosts that a registry may lead to are tokenService and storage of
	// its entry.
	Allow []string `yaml:"allow" applies:"reload"`
}
