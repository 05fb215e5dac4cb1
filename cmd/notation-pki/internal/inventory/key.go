package inventory

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// privateKey is a private key that was found. Of an unencrypted key, only the public half is kept.
type privateKey struct {
	path      string
	mode      fs.FileMode
	encrypted bool
	public    crypto.PublicKey
}

func (k privateKey) String() string {
	if k.encrypted {
		return "a private key, encrypted"
	}
	return "a private key, not encrypted"
}

// of reports whether it is the certificate's key.
func (k privateKey) of(cert *x509.Certificate) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// checkKeys reports keys that others can read, and keys of CAs that are not encrypted.

func (inv *Inventory) checkKeys(keys []privateKey) {
	for _, k := range keys {
		if k.mode.Perm()&0o077 != 0 {
			inv.problem(KeyReadable, fmt.Sprintf("%s: a private key that others can read (mode %04o); see who did, then: chmod 600", k.path, k.mode.Perm()))
		}
		if !k.encrypted {
			inv.checkUnencrypted(k)
		}
	}
}

func (inv *Inventory) checkUnencrypted(k privateKey) {
	for _, c := range inv.Certs {
		if c.IsCA && k.of(c.Certificate) {
			inv.problem(KeyInTheClear, fmt.Sprintf("%s: the private key of a CA, %s, is not encrypted: a copy of the file is enough to issue signers; encrypt it: openssl pkcs8 -topk8",
				k.path, printable.Quote(c.Name())))
			return
		}
	}
	if localkeys := string(filepath.Separator) + "localkeys" + string(filepath.Separator); strings.Contains(k.path, localkeys) {
		inv.Notes = append(inv.Notes, k.path+": a private key, not encrypted: notation can use no other from its localkeys; a key that matters belongs into a plugin's care")
		return
	}
	if !slices.ContainsFunc(inv.Notes, func(note string) bool { return strings.HasPrefix(note, k.path+": ") }) {
		inv.Notes = append(inv.Notes, k.path+": "+k.String())
	}
}
