package config

import (
	"crypto/sha256"
	"encoding/json"
)

// Hash is a SHA-256 of all values, defaults too: it is equal for files that mean the same.
func (c Config) Hash() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // of a type that has no form in JSON
	}
	hash := sha256.Sum256(text)
	return hash[:]
}
