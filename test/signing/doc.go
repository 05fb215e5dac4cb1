// Package signing has no code of its own. Its tests walk the path from an empty folder to a verified image, with the
// real notation-pki, registries, timestamp authority and server, as a CA's people walk it.
package signing
