//go:build !quickpassphrases

package ca

// What a guess at a passphrase costs (RFC 7914): N and r are the most that openssl takes unless told otherwise (32 MiB); p
// makes up for it.
const (
	scryptN = 1 << 14
	scryptR = 8
	scryptP = 5
)
