package config_test

import (
	"bytes"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Files that mean the same have one hash, and a change of any value has another.
func TestHashFollowsTheValues(t *testing.T) {
	first, same, other := config.Default(), config.Default(), config.Default()
	other.Cache.Entries++
	if !bytes.Equal(first.Hash(), same.Hash()) || bytes.Equal(first.Hash(), other.Hash()) || len(first.Hash()) != 32 {
		t.Errorf("hashes are %x, %x and %x", first.Hash(), same.Hash(), other.Hash())
	}
}
