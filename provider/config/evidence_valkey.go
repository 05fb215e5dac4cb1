package config

import (
	"net/netip"
	"slices"
	"strings"
)

// EvidenceValkey is Valkey or Redis, version 6.2 or later.
type EvidenceValkey struct {
	// How the servers are arranged: standalone, sentinel or cluster. Default standalone.
	Mode ValkeyMode `yaml:"mode" applies:"restart"`

	// The host:port of the server; with sentinel, of each Sentinel; with cluster, of some
	// of its nodes, or of a name that leads to them. With the store valkey it is required.
	// They may be on private addresses. Default: none.
	Addresses []string `yaml:"addresses" applies:"restart"`

	// The name that the Sentinels know the servers by. Default empty; with sentinel it is
	// required.
	Master string `yaml:"master" applies:"restart"`

	// The networks, such as 10.0.0.0/8, that Sentinels and cluster nodes may lead to beside
	// addresses. Default: none. Other nodes are not dialled, and what they have is a miss.
	Nodes []string `yaml:"nodes" applies:"restart"`

	// The user to log in as, with the password in passwordFile. Default empty, which is the
	// server's default user.
	Username string `yaml:"username" applies:"restart"`

	// The file with the password, on one line. Paths are relative to the configuration
	// file. Default empty: we do not log in. One that is missing ends the process at start;
	// a changed one is used from the next look at it.
	PasswordFile string `yaml:"passwordFile" applies:"restart"`

	// The user to log in to the Sentinels as. Default empty, likewise.
	SentinelUsername string `yaml:"sentinelUsername" applies:"restart"`

	// The file with the password for the Sentinels. Default empty: we do not log in there.
	SentinelPasswordFile string `yaml:"sentinelPasswordFile" applies:"restart"`

	// What each key begins with, in letters, digits and -_.:/ up to 128. Default
	// "notation-provider:". An ACL can give our user the keys with it, and no others.
	Prefix string `yaml:"prefix" applies:"restart"`

	// How long a signature is kept after it was last read or written, from 1m to at most
	// 8760h. Default 720h. The server's maxmemory-policy should be allkeys-lru: a server
	// that is full and evicts nothing takes no new ones.
	TTL Duration `yaml:"ttl" applies:"restart"`

	// How the servers prove who they are.
	TLS ValkeyTLS `yaml:"tls"`

	// Speak with the servers in plain text. UNSAFE: the password goes over the wire
	// unencrypted, and an attacker on the network can hide signatures, though not forge
	// them. Default false. It is logged at each start.
	PlainTextUnsafe bool `yaml:"plainTextUnsafe" applies:"restart"`
}

// ValkeyMode says how servers are arranged.
type ValkeyMode string

// The arrangements.
const (
	ValkeyStandalone ValkeyMode = "standalone"
	ValkeySentinel   ValkeyMode = "sentinel"
	ValkeyCluster    ValkeyMode = "cluster"
)

// ValkeyTLS says whom we take for the servers, and how we prove who we are.
type ValkeyTLS struct {
	// PEM file with the certificate authorities that a server's certificate must come from.
	// Default empty: the system's. One that cannot be read ends the process at start.
	CAFile string `yaml:"caFile" applies:"restart"`

	// PEM file with the certificate that we show to the servers, its intermediates after
	// it. Default empty: we show none. One without its key ends the process at start.
	ClientCertFile string `yaml:"clientCertFile" applies:"restart"`

	// PEM file with the private key of clientCertFile. Default empty.
	ClientKeyFile string `yaml:"clientKeyFile" applies:"restart"`

	// The name that each server's certificate must have. Default empty: the host that is
	// dialled, which is an address where Sentinels or cluster nodes tell addresses.
	ServerName string `yaml:"serverName" applies:"restart"`
}

func (v EvidenceValkey) used() bool {
	return len(v.Addresses) > 0 || v.Master != "" || v.Username != "" || v.PasswordFile != "" || v.TLS != ValkeyTLS{} || v.PlainTextUnsafe
}

func (v EvidenceValkey) check(p *checks) {
	const key = "cache.evidence.valkey"
	p.add(key+".mode", oneOf(v.Mode, ValkeyStandalone, ValkeySentinel, ValkeyCluster))
	p.add(key+".addresses", v.addressCount())
	for i, address := range v.Addresses {
		p.add(at(key+".addresses", i), hostWithPort(address))
	}
	for i, network := range v.Nodes {
		p.add(at(key+".nodes", i), networkOf(network))
	}
	switch {
	case v.Mode == ValkeySentinel && v.Master == "":
		p.add(key+".master", "is missing; write the name by which the Sentinels know the servers")
	case v.Mode != ValkeySentinel && v.Master+v.SentinelUsername+v.SentinelPasswordFile != "":
		p.add(key+".mode", "has no Sentinels; write sentinel, or leave out master, sentinelUsername and sentinelPasswordFile")
	}
	if v.Mode == ValkeyStandalone && len(v.Nodes) > 0 {
		p.add(key+".nodes", "means nothing with standalone, where addresses has the only server; leave it out")
	}
	if v.Username != "" && v.PasswordFile == "" {
		p.add(key+".passwordFile", "is missing for username; write a path")
	}
	if v.SentinelUsername != "" && v.SentinelPasswordFile == "" {
		p.add(key+".sentinelPasswordFile", "is missing for sentinelUsername; write a path")
	}
	p.add(key+".prefix", keyPrefix(v.Prefix))
	v.TLS.check(p, key+".tls", v.PlainTextUnsafe)
}

func (v EvidenceValkey) addressCount() string {
	const most = 32
	switch n := len(v.Addresses); {
	case n == 0:
		return "is missing; write the host:port of a server"
	case n > 1 && v.Mode == ValkeyStandalone:
		return "has more than one server; write one, or set mode to sentinel or cluster"
	case n > most:
		return "has more than 32 entries; a few are enough to find the others"
	}
	return ""
}

func (t ValkeyTLS) check(p *checks, key string, plainText bool) {
	if plainText && t != (ValkeyTLS{}) {
		p.add(key, "means nothing with plainTextUnsafe; leave out one of them")
	}
	if t.ClientCertFile != "" && t.ClientKeyFile == "" {
		p.add(key+".clientKeyFile", "is missing for clientCertFile; write a path")
	}
	if t.ClientKeyFile != "" && t.ClientCertFile == "" {
		p.add(key+".clientCertFile", "is missing for clientKeyFile; write a path")
	}
	if t.ServerName != "" && (!validHost(t.ServerName) || strings.HasPrefix(t.ServerName, "[")) {
		p.add(key+".serverName", quote(t.ServerName)+" is not a name; write one that is in the server's certificate, in lower case")
	}
}

func hostWithPort(s string) string {
	if wrong := hostPort(s); wrong != "" {
		return wrong
	}
	if i := strings.LastIndexByte(s, ':'); i < 0 || strings.HasSuffix(s, "]") {
		return quote(s) + " has no port; write host:port, like valkey.example.org:6379"
	}
	return ""
}

func networkOf(s string) string {
	n, err := netip.ParsePrefix(s)
	if err != nil || n != n.Masked() {
		return quote(s) + " is not a network; write one like 10.0.0.0/8"
	}
	return ""
}

func keyPrefix(s string) string {
	other := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !slices.Contains([]rune("-_.:/"), r)
	}
	if s == "" || len(s) > 128 || strings.ContainsFunc(s, other) {
		return quote(s) + " is not a prefix of keys; write letters, digits and -_.:/ up to 128, such as notation-provider:"
	}
	return ""
}
