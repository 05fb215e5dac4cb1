// Package signing has no code of its own. Its tests walk the path from an empty folder to a verified image, as a
// CA's people walk it. The notation-pki, registries, timestamp authority and server are real.
package signing
