package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"
)

const testPassphrase = "correct horse battery staple"

func testKey(t testing.TB, kind KeyType) crypto.Signer {
	t.Helper()
	key, err := kind.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// says returns a source of this passphrase.
func says(passphrase string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(passphrase), nil }
}

// unasked is a passphrase source that must not be used.
func unasked(t *testing.T) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("the passphrase is asked for")
		return nil, nil
	}
}

func sameKey(a, b crypto.Signer) bool {
	return a.(interface{ Equal(crypto.PrivateKey) bool }).Equal(b)
}

// A key comes back from its encrypted file by its passphrase only.
func TestEncryptedKeyNeedsItsPassphrase(t *testing.T) {
	for _, kind := range []KeyType{RSA2048, ECP256, ECP384, ECP521} {
		t.Run(string(kind), func(t *testing.T) {
			key := testKey(t, kind)
			file, err := EncodeEncryptedKey(key, []byte(testPassphrase))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := DecodeKey(file, says(testPassphrase)); err != nil || !sameKey(got, key) {
				t.Errorf("it comes back as %T, %v", got, err)
			}
			for _, wrong := range []string{"", "another one, just as long", testPassphrase[1:], testPassphrase + "\n"} {
				if got, err := DecodeKey(file, says(wrong)); !errors.Is(err, ErrPassphrase) || got != nil {
					t.Errorf("by %q it comes back as %T, %v", wrong, got, err)
				}
			}
		})
	}
}

// Two files of one key and one passphrase have nothing in common.
func TestEncryptedFilesOfOneKeyDiffer(t *testing.T) {
	key := testKey(t, ECP256)
	var files [2][]byte
	for i := range files {
		var err error
		if files[i], err = EncodeEncryptedKey(key, []byte(testPassphrase)); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(files[0], files[1]) {
		t.Error("the salt is no salt")
	}
	plain, err := EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(plain); bytes.Contains(files[0], block.Bytes[40:60]) {
		t.Error("the file holds the key as it is")
	}
}

func TestAShortPassphraseProtectsNoKey(t *testing.T) {
	key := testKey(t, ECP256)
	for length := range MinPassphrase + 2 {
		file, err := EncodeEncryptedKey(key, bytes.Repeat([]byte("x"), length))
		if ok := length >= MinPassphrase; (err == nil) != ok || (file != nil) != ok {
			t.Errorf("%d characters: %d octets, %v", length, len(file), err)
		}
	}
}

// remote is a key that no memory holds.
type remote struct{ crypto.Signer }

func TestAKeyThatLivesElsewhereIsNotWritten(t *testing.T) {
	if file, err := EncodeEncryptedKey(remote{testKey(t, ECP256)}, []byte(testPassphrase)); err == nil || file != nil {
		t.Errorf("%d octets, %v", len(file), err)
	}
}

// All forms of unencrypted keys are read without a passphrase.
func TestUnencryptedKeysNeedNoPassphrase(t *testing.T) {
	rsaKey, ecKey := testKey(t, RSA2048).(*rsa.PrivateKey), testKey(t, ECP256).(*ecdsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8RSA, err := EncodeKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	sec1PEM := block("EC PRIVATE KEY", sec1)
	for _, c := range []struct {
		name string
		file []byte
		want crypto.Signer
	}{
		{"PKCS#8", pkcs8RSA, rsaKey},
		{"PKCS#1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), rsaKey},
		{"SEC 1", sec1PEM, ecKey},
		{"after parameters", append(block("EC PARAMETERS", []byte{6, 1, 1}), sec1PEM...), ecKey},
		{"after a certificate", append(EncodeCertificates(root.Cert), pkcs8RSA...), rsaKey},
		{"after a text", append([]byte("my key\n"), sec1PEM...), ecKey},
	} {
		if got, err := DecodeKey(c.file, unasked(t)); err != nil || !sameKey(got, c.want) {
			t.Errorf("%s: %T, %v", c.name, got, err)
		}
	}
}

func TestWhatIsNoKeyForNotationIsRefusedInWords(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edDER, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkcs8.MarshalPrivateKey(ed, []byte(testPassphrase), nil)
	if err != nil {
		t.Fatal(err)
	}
	block := func(b pem.Block) []byte { return pem.EncodeToMemory(&b) }
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"nothing", nil, "no private key"},
		{"no PEM", []byte("secret"), "no private key"},
		{"a certificate only", block(pem.Block{Type: "CERTIFICATE"}), "no private key"},
		{"a public key", block(pem.Block{Type: "PUBLIC KEY"}), `"PUBLIC KEY" where a private key should be`},
		{"a key of OpenSSH's", block(pem.Block{Type: "OPENSSH PRIVATE KEY"}), `"OPENSSH PRIVATE KEY"`},
		{"Ed25519", block(pem.Block{Type: "PRIVATE KEY", Bytes: edDER}), "RSA and EC only"},
		{"Ed25519, encrypted", block(pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: encrypted}), "RSA and EC only"},
		{"the older encryption", block(pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte{1},
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}}), "openssl pkcs8 -topk8"},
		{"an empty PKCS#8", block(pem.Block{Type: "PRIVATE KEY"}), "asn1"},
	} {
		if got, err := DecodeKey(c.file, says(testPassphrase)); err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %T, %v; want %q", c.name, got, err, c.says)
		}
	}
}

// If the passphrase cannot be asked for, that error is returned.
func TestPassphraseErrorIsReturned(t *testing.T) {
	file, err := EncodeEncryptedKey(testKey(t, ECP256), []byte(testPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	noTerminal := errors.New("there is no terminal")
	if _, err := DecodeKey(file, func() ([]byte, error) { return nil, noTerminal }); !errors.Is(err, noTerminal) || errors.Is(err, ErrPassphrase) {
		t.Error(err)
	}
}

// quickKey is a key encrypted so that reading it takes no time.
func quickKey(t testing.TB, kdf pkcs8.KDFOpts) []byte {
	t.Helper()
	der, err := pkcs8.MarshalPrivateKey(testKey(t, ECP256), []byte(testPassphrase), &pkcs8.Opts{Cipher: pkcs8.AES256CBC, KDFOpts: kdf})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestACutEncryptedKeyIsAnErrorAndNoPanic(t *testing.T) {
	for _, tc := range []struct {
		name string
		kdf  pkcs8.KDFOpts
	}{
		{"scrypt", pkcs8.ScryptOpts{SaltSize: 16, CostParameter: 2, BlockSize: 1, ParallelizationParameter: 1}},
		{"PBKDF2", pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: 1, HMACHash: crypto.SHA256}},
	} {
		der := quickKey(t, tc.kdf)
		for length := range der {
			file := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der[:length]})
			if got, err := DecodeKey(file, says(testPassphrase)); !errors.Is(err, ErrPassphrase) || got != nil {
				t.Errorf("%s, cut after %d octets: %T, %v", tc.name, length, got, err)
			}
		}
	}
}

// encryptedAs is a file that says how it is encrypted, and holds no key but so many octets.
func encryptedAs(t testing.TB, kdf asn1.ObjectIdentifier, params any, iv, key int) []byte {
	t.Helper()
	encode := func(v any) asn1.RawValue {
		der, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return asn1.RawValue{FullBytes: der}
	}
	scheme := encode(struct{ KDF, Cipher pkix.AlgorithmIdentifier }{
		pkix.AlgorithmIdentifier{Algorithm: kdf, Parameters: encode(params)},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, Parameters: encode(make([]byte, iv))},
	})
	file := encode(struct {
		Scheme pkix.AlgorithmIdentifier
		Key    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, Parameters: scheme}, make([]byte, key)})
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: file.FullBytes})
}

// What the parameters of the two are.
type (
	scrypt struct {
		Salt    []byte
		N, R, P int
	}
	pbkdf2 struct {
		Salt       []byte
		Iterations int
	}
)

var (
	ofScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	ofPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// senseless are files that are well formed and cannot be.
func senseless(t testing.TB) map[string][]byte {
	t.Helper()
	cheap := pbkdf2{make([]byte, 8), 1}
	return map[string][]byte{
		"half a block":   encryptedAs(t, ofPBKDF2, cheap, 16, 31),
		"nothing at all": encryptedAs(t, ofPBKDF2, cheap, 16, 0),
		"a short IV":     encryptedAs(t, ofPBKDF2, cheap, 3, 32),
		"no IV":          encryptedAs(t, ofPBKDF2, cheap, 0, 32),
		"blocks of none": encryptedAs(t, ofScrypt, scrypt{make([]byte, 8), 2, 0, 1}, 16, 32),
		"passes of none": encryptedAs(t, ofScrypt, scrypt{make([]byte, 8), 2, 1, 0}, 16, 32),
		"negative":       encryptedAs(t, ofScrypt, scrypt{make([]byte, 8), 2, -1, -1}, 16, 32),
		"another KDF":    encryptedAs(t, asn1.ObjectIdentifier{1, 2, 3}, cheap, 16, 32),
	}
}

// A malformed encrypted key is an error and no panic.
func TestMalformedEncryptedKey(t *testing.T) {
	for name, file := range senseless(t) {
		if got, err := DecodeKey(file, says(testPassphrase)); !errors.Is(err, ErrPassphrase) || got != nil {
			t.Errorf("%s: %T, %v", name, got, err)
		}
	}
}

func TestAKeyThatIsSaidToBeEncryptedAndIsNotIsNotRead(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(testKey(t, ECP256))
	if err != nil {
		t.Fatal(err)
	}
	file := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
	for _, passphrase := range []string{"", testPassphrase} {
		if got, err := DecodeKey(file, says(passphrase)); !errors.Is(err, ErrPassphrase) || got != nil {
			t.Errorf("by %q: %T, %v", passphrase, got, err)
		}
	}
}

// A key whose decryption takes too much memory or time is refused before the passphrase is asked for.
func TestCostlyEncryptionIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		file    []byte
		refused bool
	}{
		{"ours", encryptedAs(t, ofScrypt, scrypt{make([]byte, 16), 1 << 14, 8, 5}, 16, 32), false},
		{"memory by N", encryptedAs(t, ofScrypt, scrypt{make([]byte, 16), 1 << 40, 1, 1}, 16, 32), true},
		{"memory by r", encryptedAs(t, ofScrypt, scrypt{make([]byte, 16), 1 << 14, 1 << 10, 1}, 16, 32), true},
		{"memory beyond counting", encryptedAs(t, ofScrypt, scrypt{make([]byte, 16), 1 << 62, 4, 1}, 16, 32), true},
		{"time by p", encryptedAs(t, ofScrypt, scrypt{make([]byte, 16), 1 << 14, 8, 1 << 10}, 16, 32), true},
		{"openssl's iterations", encryptedAs(t, ofPBKDF2, pbkdf2{make([]byte, 16), 2048}, 16, 32), false},
		{"a million iterations", encryptedAs(t, ofPBKDF2, pbkdf2{make([]byte, 16), 1_000_000}, 16, 32), false},
		{"two billion iterations", encryptedAs(t, ofPBKDF2, pbkdf2{make([]byte, 16), 1 << 31}, 16, 32), true},
	} {
		asked := false
		_, err := DecodeKey(c.file, func() ([]byte, error) { asked = true; return []byte(testPassphrase), nil })
		if asked == c.refused || errors.Is(err, ErrPassphrase) == c.refused || strings.Contains(err.Error(), "more memory or time") != c.refused {
			t.Errorf("%s: asked: %t, %v", c.name, asked, err)
		}
	}
}

// Each key type is recognized by its public key, and other keys have none.
func TestKeyTypeOfPublicKeys(t *testing.T) {
	for _, kind := range KeyTypes() {
		if kind == RSA4096 && testing.Short() {
			continue
		}
		if got, err := KeyTypeOf(testKey(t, kind).Public()); err != nil || got != kind {
			t.Errorf("%s is %s, %v", kind, got, err)
		}
	}
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := rsa.GenerateKey(rand.Reader, 2056)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, public := range []crypto.PublicKey{small.Public(), odd.Public(), ed, nil} {
		if got, err := KeyTypeOf(public); err == nil || got != "" {
			t.Errorf("%T is %q", public, got)
		}
	}
}

// What guesses at a passphrase cost: scrypt with N=16384, r=8, p=5, as DER writes them one after the other.
func TestGuessesAtAPassphraseAreDear(t *testing.T) {
	key, err := ECP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	text, err := EncodeEncryptedKey(key, []byte("correct horse battery staple"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if want := []byte{2, 2, 0x40, 0, 2, 1, 8, 2, 1, 5}; !bytes.Contains(block.Bytes, want) {
		t.Errorf("the encrypted key names other costs than % x:\n% x", want, block.Bytes)
	}
}
