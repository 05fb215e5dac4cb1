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

// privateKey is a private key that was come upon. Of one that is not encrypted, only the public half is kept.
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

// of tells whether it is the certificate's key.
func (k privateKey) of(cert *x509.Certificate) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// judgeKeys tells of keys that others may have by now.
func (f *Forest) judgeKeys(keys []privateKey) {
	for _, k := range keys {
		if k.mode.Perm()&0o077 != 0 {
			f.problem(KeyReadable, fmt.Sprintf("%s: a private key that others can read (mode %04o); see who did, then: chmod 600", k.path, k.mode.Perm()))
		}
		if !k.encrypted {
			f.judgeClear(k)
		}
	}
}

func (f *Forest) judgeClear(k privateKey) {
	for _, c := range f.Certs {
		if c.IsCA && k.of(c.Certificate) {
			f.problem(KeyInTheClear, fmt.Sprintf("%s: the private key of a CA, %s, is not encrypted: a copy of the file is enough to issue signers; encrypt it: openssl pkcs8 -topk8",
				k.path, printable.Quote(c.Name())))
			return
		}
	}
	if localkeys := string(filepath.Separator) + "localkeys" + string(filepath.Separator); strings.Contains(k.path, localkeys) {
		f.Notes = append(f.Notes, k.path+": a private key, not encrypted: notation can use no other from its localkeys; a key that matters belongs into a plugin's care")
		return
	}
	if !slices.ContainsFunc(f.Notes, func(note string) bool { return strings.HasPrefix(note, k.path+": ") }) {
		f.Notes = append(f.Notes, k.path+": "+k.String())
	}
}
