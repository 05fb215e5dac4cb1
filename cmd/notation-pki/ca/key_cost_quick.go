//go:build quickpassphrases

package ca

// For tests of the commands, which encrypt and decrypt some hundred keys. A guess costs almost nothing: never use a binary
// with this tag for real keys.
const (
	scryptN = 1 << 4
	scryptR = 8
	scryptP = 1
)
