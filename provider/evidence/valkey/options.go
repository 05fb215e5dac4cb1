package valkey

import (
	"net/netip"
	"time"
)

// Options say where the store is and what it may do.
type Options struct {
	// Mode is [Standalone], [Sentinel] or [Cluster].
	Mode string
	// Addresses are "host:port": of the server, of the Sentinels, or of some nodes of the Cluster.
	Addresses []string
	// Master is what the Sentinels call the servers.
	Master string
	// Nodes are the networks that Sentinels and a Cluster may lead to, beside Addresses.
	Nodes []netip.Prefix

	// Username and the password in PasswordFile log in to the server; empty: it asks for none.
	Username, PasswordFile string
	// SentinelUsername and the password in SentinelPasswordFile log in to the Sentinels, likewise.
	SentinelUsername, SentinelPasswordFile string

	// CAFile has the authorities that a server's certificate must come from; empty: the system's.
	CAFile string
	// CertFile and KeyFile are the certificate that we show; empty: none.
	CertFile, KeyFile string
	// ServerName must be in each server's certificate; empty: the host that is dialled.
	ServerName string
	// PlainTextUnsafe speaks without TLS.
	PlainTextUnsafe bool

	// Prefix begins each key.
	Prefix string
	// TTL is how long an entry is kept after it was last read or written.
	TTL time.Duration
	// EntryBytes is the size of the largest entry.
	EntryBytes int64
}

// How the servers are arranged.
const (
	Standalone = "standalone"
	Sentinel   = "sentinel"
	Cluster    = "cluster"
)

const (
	header = "notation-provider evidence 1\n" // begins each value; the key and a line feed follow

	readTimeout  = 250 * time.Millisecond // after it a connection is given up; evidence.Durable waits less
	writeTimeout = time.Second
	dialTimeout  = 2 * time.Second

	connections = 17              // of a server: one for each read of evidence.Durable, and one for writes
	ready       = 4               // of them, before they are needed
	maxAge      = 5 * time.Minute // of a connection, so that a new address of a name is found
	slotsAge    = 3 * time.Second // after it the slots of a Cluster are asked for, at the next use: a node may be dead
	readBuffer  = 16 << 10        // bytes of each connection, as are those to write

	mostTopology = 1 << 20 // bytes of a reply that lists the nodes of a Cluster
	mostNodes    = 1000    // which is what the Cluster specification is made for
	mostKey      = 1 << 10 // bytes, of the key after the prefix
)

// text is the size of the longest string that a server may send: an entry with what stands before it.
func (o Options) text() int64 { return o.EntryBytes + int64(len(header)) + mostKey + 1 }
