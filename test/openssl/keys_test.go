package openssl

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestOpenSSLReadsOurEncryptedKeysOfEveryType(t *testing.T) {
	for _, kind := range ca.KeyTypes() {
		t.Run(string(kind), func(t *testing.T) {
			if kind == ca.RSA4096 && testing.Short() {
				t.Skip("such a key takes long to make")
			}
			b := newBench(t)
			b.write("other", []byte("another passphrase altogether\n"))
			b.issue(fmt.Sprintf("root --key-type %s", kind), "SKAO Root CA")
			const key = " -in pki/root/1/key.pem"
			b.says(b.openssl("pkey -noout -check -passin file:pass"+key), "Key is valid")
			b.openssl("pkcs8 -passin file:pass -out plain.pem" + key)
			if got, want := b.openssl("pkey -pubout -in plain.pem"), b.openssl("x509 -noout -pubkey -in pki/root/1/cert.pem"); got != want {
				t.Errorf("the key is not the certificate's:\n%s%s", got, want)
			}
			b.opensslFails("pkey -noout -passin file:other" + key)
			b.says(b.openssl("asn1parse"+key), ":PBES2", ":scrypt", ":aes-256-cbc")
		})
	}
}

// made is a key as openssl writes it, by the command lines that make it.
type made struct {
	lines []string
	has   string // what must be in the file, so that it is what it is meant to be
}

// keysThatWeRead are the forms in which openssl writes RSA and EC keys, and its options have none that is left out.
func keysThatWeRead() map[string]made {
	const rsa, ec = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 ", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
	const to8 = "pkcs8 -topk8 -in plain.pem -passout file:pass -out key.pem "
	encrypted := func(options string) made {
		return made{[]string{ec + "-out plain.pem", to8 + options}, "BEGIN ENCRYPTED PRIVATE KEY"}
	}
	return map[string]made{
		"RSA, encrypted as genpkey does":   {[]string{rsa + "-aes256 -pass file:pass -out key.pem"}, "BEGIN ENCRYPTED PRIVATE KEY"},
		"EC, encrypted as genpkey does":    {[]string{ec + "-aes256 -pass file:pass -out key.pem"}, "BEGIN ENCRYPTED PRIVATE KEY"},
		"RSA, encrypted as genrsa does":    {[]string{"genrsa -aes256 -passout file:pass -out key.pem 2048"}, "BEGIN ENCRYPTED PRIVATE KEY"},
		"PBKDF2 with openssl's defaults":   encrypted(""),
		"PBKDF2 with HMAC-SHA-1":           encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA1"),
		"PBKDF2 with HMAC-SHA-256":         encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA256"),
		"AES-128-CBC":                      encrypted("-v2 aes-128-cbc"),
		"AES-192-CBC":                      encrypted("-v2 aes-192-cbc"),
		"a hundred thousand iterations":    encrypted("-v2 aes-256-cbc -iter 100000"),
		"scrypt with openssl's defaults":   encrypted("-scrypt"),
		"scrypt as costly as it can be":    encrypted("-scrypt -scrypt_N 16384 -scrypt_r 8 -scrypt_p 5"),
		"RSA, not encrypted":               {[]string{rsa + "-out key.pem"}, "BEGIN PRIVATE KEY"},
		"EC, not encrypted":                {[]string{ec + "-out key.pem"}, "BEGIN PRIVATE KEY"},
		"RSA in the older form":            {[]string{"genrsa -traditional -out key.pem 2048"}, "BEGIN RSA PRIVATE KEY"},
		"EC in the older form":             {[]string{"ecparam -name secp384r1 -genkey -noout -out key.pem"}, "BEGIN EC PRIVATE KEY"},
		"EC in the older form, parameters": {[]string{"ecparam -name prime256v1 -genkey -out key.pem"}, "BEGIN EC PARAMETERS"},
	}
}

// make writes key.pem.
func (b *bench) make(key made) []byte {
	b.Helper()
	for _, line := range key.lines {
		b.openssl(line)
	}
	data := b.read("key.pem")
	b.says(string(data), key.has)
	return data
}

// public is a key's public half as openssl writes it.
func (b *bench) public(key crypto.Signer) string {
	b.Helper()
	b.write("ours.pem", rig.Must(ca.EncodeKey(key))(b))
	return b.openssl("pkey -pubout -in ours.pem")
}

func TestWeReadTheKeysThatOpenSSLWrote(t *testing.T) {
	for name, key := range keysThatWeRead() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			data := b.make(key)
			asked := false
			got, err := ca.DecodeKey(data, func() ([]byte, error) { asked = true; return []byte(secret), nil })
			if err != nil {
				t.Fatal(err)
			}
			if encrypted := strings.Contains(key.has, "ENCRYPTED"); asked != encrypted {
				t.Errorf("the passphrase is asked for: %t, and the key is encrypted: %t", asked, encrypted)
			}
			if got, want := b.public(got), b.openssl("pkey -pubout -passin file:pass -in key.pem"); got != want {
				t.Errorf("another key:\n%s%s", got, want)
			}
		})
	}
}

// The error for a wrong passphrase of an openssl key says so.
func TestWrongPassphraseForOpenSSLKey(t *testing.T) {
	for name, key := range keysThatWeRead() {
		if !strings.Contains(key.has, "ENCRYPTED") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data := newBench(t).make(key)
			for _, guess := range []string{"another passphrase altogether", secret + " ", ""} {
				if _, err := ca.DecodeKey(data, func() ([]byte, error) { return []byte(guess), nil }); !errors.Is(err, ca.ErrPassphrase) {
					t.Errorf("%q: %v", guess, err)
				}
			}
		})
	}
}

// A key in an old encryption is refused, and the command in the error converts it.
func TestOldEncryptionIsRefused(t *testing.T) {
	const ec = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem"
	for _, tc := range []struct {
		name string
		c    made
	}{
		{"RSA as before PKCS#8", made{[]string{"genrsa -traditional -aes256 -passout file:pass -out OLD 2048"}, "Proc-Type: 4,ENCRYPTED"}},
		{"EC as before PKCS#8", made{[]string{ec, "ec -aes128 -passout file:pass -in plain.pem -out OLD"}, "Proc-Type: 4,ENCRYPTED"}},
		{"PBES1", made{[]string{ec, "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in plain.pem -passout file:pass -out OLD"}, "ENCRYPTED PRIVATE KEY"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			for _, line := range tc.c.lines {
				b.openssl(line)
			}
			b.join("again", "pass")
			old := b.read("OLD")
			b.says(string(old), tc.c.has)
			_, err := ca.DecodeKey(old, func() ([]byte, error) {
				t.Error("the passphrase is asked for")
				return nil, nil
			})
			if err == nil {
				t.Fatal("it is read")
			}
			_, advised, found := strings.Cut(err.Error(), "openssl ")
			if !found {
				t.Fatalf("no command is advised: %v", err)
			}
			b.openssl(advised + " -passin file:pass -passout file:again")
			got, err := ca.DecodeKey(b.read("NEW"), passphrase)
			if err != nil {
				t.Fatalf("what the advised command wrote: %v", err)
			}
			if got, want := b.public(got), b.openssl("pkey -pubout -passin file:pass -in OLD"); got != want {
				t.Errorf("the advised command wrote another key:\n%s%s", got, want)
			}
		})
	}
}

func TestKeysThatNotationCannotUseAreRefusedInWords(t *testing.T) {
	const ec = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem"
	for _, c := range []struct {
		name  string
		key   made
		words string
	}{
		{"Ed25519", made{[]string{"genpkey -algorithm ed25519 -out key.pem"}, "BEGIN PRIVATE KEY"}, "RSA and EC only"},
		{"Ed25519, encrypted", made{[]string{"genpkey -algorithm ed25519 -aes256 -pass file:pass -out key.pem"}, "ENCRYPTED"}, "RSA and EC only"},
		{"Ed448", made{[]string{"genpkey -algorithm ed448 -out key.pem"}, "BEGIN PRIVATE KEY"}, "unknown algorithm"},
		{"secp256k1", made{[]string{"ecparam -name secp256k1 -genkey -noout -out key.pem"}, "BEGIN EC"}, "unknown elliptic curve"},
		{"PBES1 with DES", made{[]string{ec, "pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in plain.pem -passout file:pass -out key.pem"}, "ENCRYPTED"}, "PBES2"},
		{"PBES1 with 3DES", made{[]string{ec, "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in plain.pem -passout file:pass -out key.pem"}, "ENCRYPTED"}, "PBES2"},
		{"a public key", made{[]string{ec, "pkey -in plain.pem -pubout -out key.pem"}, "BEGIN PUBLIC KEY"}, "PUBLIC KEY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if _, err := ca.DecodeKey(b.make(c.key), passphrase); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("it says %v, want %q", err, c.words)
			}
		})
	}
}

// A damaged encrypted key of openssl causes no panic, and a truncated one is an error.
func TestDamagedEncryptedKeys(t *testing.T) {
	b := newBench(t)
	b.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem")
	// One iteration, so that each of hundreds of attempts is quick.
	b.openssl("pkcs8 -topk8 -in plain.pem -passout file:pass -iter 1 -outform DER -out key.der")
	der := b.read("key.der")
	rig.Must(ca.DecodeKey(asPEM(der), passphrase))(t)
	for i := range der {
		if _, err := ca.DecodeKey(asPEM(der[:i]), passphrase); err == nil {
			t.Errorf("cut after %d octets it is read", i)
		}
		// The encryption has no checksum: decryption with a wrong passphrase may give another key.
		if _, err := ca.DecodeKey(asPEM(damaged(der, i)), passphrase); err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Errorf("with octet %d damaged it panics: %v", i, err)
		}
	}
}

func TestADamagedKeyIssuesNothing(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
	b.openssl("pkcs8 -in pki/intermediate/1/key.pem -passin file:pass -out plain.pem")
	b.openssl("pkcs8 -topk8 -in plain.pem -passout file:pass -iter 1 -outform DER -out key.der")
	der := b.read("key.der")
	b.write("pki/intermediate/1/key.pem", asPEM(der))
	b.pki("crl --issuer intermediate --passphrase-file pass")
	before := b.names("pki/intermediate/1/crl")
	others := 0
	// The first four blocks hold the number that is the key; damage to the public half after it does no harm.
	for i := len(der) - 144; i < len(der)-80; i += 8 {
		b.write("pki/intermediate/1/key.pem", asPEM(damaged(der, i)))
		if said := b.pkiFails("crl --issuer intermediate --passphrase-file pass"); strings.Contains(said, "key.pem is not the key of") {
			others++
		} else {
			b.says(said, "wrong passphrase, or the file is damaged")
		}
	}
	if others == 0 {
		t.Error("no damage made it another key: nothing is proven about those")
	}
	if after := b.names("pki/intermediate/1/crl"); len(after) != len(before) {
		t.Errorf("CRLs: %v, before %v", after, before)
	}
}

func damaged(der []byte, at int) []byte {
	changed := bytes.Clone(der)
	changed[at] ^= 1
	return changed
}
