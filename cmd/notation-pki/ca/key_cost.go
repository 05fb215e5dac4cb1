//go:build !quickpassphrases

package ca

// The cost of a guess at a passphrase (RFC 7914). N and r are the most that openssl accepts by default (32 MiB); p adds to the
// cost.
const (
	scryptN = 1 << 14
	scryptR = 8
	scryptP = 5
)
