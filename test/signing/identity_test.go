package signing_test

import (
	"crypto"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
)

// identity reads a signer from its files.
func (c *pkiUser) identity(generation string) *ca.Identity {
	c.t.Helper()
	return readIdentity(c.t, c.path(filepath.Join("pki", generation)))
}

func readIdentity(t *testing.T, folder string) *ca.Identity {
	t.Helper()
	chain := must[[]*x509.Certificate](t)(certfile.Parse(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "chain.pem")))))
	key := must[crypto.Signer](t)(ca.DecodeKey(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "key.pem"))), func() ([]byte, error) { return []byte(passphrase), nil }))
	return &ca.Identity{Cert: chain[0], Key: key, Chain: chain}
}
