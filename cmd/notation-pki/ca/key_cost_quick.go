//go:build quickpassphrases

package ca

// For tests of the commands, which encrypt and decrypt some hundred keys: a guess costs next to nothing, so that no binary
// with this tag may ever hold a key of somebody's.
const (
	scryptN = 1 << 4
	scryptR = 8
	scryptP = 1
)
