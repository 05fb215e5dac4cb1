package signing_test

import (
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// identity reads a signer from its files.
func (c *pkiUser) identity(generation string) *ca.Identity {
	c.t.Helper()
	return readIdentity(c.t, c.path(filepath.Join("pki", generation)))
}

func readIdentity(t *testing.T, folder string) *ca.Identity {
	t.Helper()
	chain := rig.Must(certfile.Parse(rig.Must(os.ReadFile(filepath.Join(folder, "chain.pem")))(t)))(t)
	key := rig.Must(ca.DecodeKey(rig.Must(os.ReadFile(filepath.Join(folder, "key.pem")))(t), func() ([]byte, error) { return []byte(passphrase), nil }))(t)
	return &ca.Identity{Cert: chain[0], Key: key, Chain: chain}
}
