package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
)

// MinPassphrase is the least length of a passphrase, in bytes: an attacker with a copy of the file may guess for years.
const MinPassphrase = 12

// ErrPassphrase says that a private key could not be decrypted: the passphrase is wrong, or the file is damaged.
var ErrPassphrase = errors.New("wrong passphrase, or the file is damaged")

// EncodeEncryptedKey writes a private key as encrypted PKCS#8 in PEM (RFC 5958, PBES2 of RFC 8018): AES-256-CBC under a
// key that scrypt (RFC 7914) derives from the passphrase. openssl reads it. It fails for a passphrase shorter than
// [MinPassphrase], and for a key that is not held in memory.
func EncodeEncryptedKey(key crypto.Signer, passphrase []byte) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("the passphrase has %d characters; take %d or more", len(passphrase), MinPassphrase)
	}
	der, err := pkcs8.MarshalPrivateKey(key, passphrase, &pkcs8.Opts{
		Cipher:  pkcs8.AES256CBC,
		KDFOpts: pkcs8.ScryptOpts{SaltSize: 16, CostParameter: scryptN, BlockSize: scryptR, ParallelizationParameter: scryptP},
	})
	if err != nil {
		return nil, fmt.Errorf("encrypting the private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}), nil
}

// DecodeKey reads a private key in PEM: PKCS#8, encrypted under PBES2 (scrypt or PBKDF2) or not, or the older forms for
// RSA (PKCS#1) and EC (SEC 1) unencrypted. The passphrase is asked for only where the key is encrypted. It fails with
// [ErrPassphrase] where the key cannot be decrypted, and for a key that is neither RSA nor EC.
func DecodeKey(data []byte, passphrase func() ([]byte, error)) (crypto.Signer, error) {
	block, err := keyBlock(data)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(block, passphrase)
	if err != nil {
		return nil, err
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("the private key is a %T; notation signs with RSA and EC only", key)
}

// keyBlock finds the private key in a file. openssl writes parameters before it.
func keyBlock(data []byte) (*pem.Block, error) {
	data = certfile.WithoutBOM(data)
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "EC PARAMETERS", "CERTIFICATE":
			continue
		default:
			return block, nil
		}
	}
	return nil, errors.New("there is no private key in PEM form")
}

// maxKey is the length of the longest private key in DER, in bytes: one for [keysize.MaxRSABits] has 4700. Go computes
// with all numbers of an RSA key when it reads them.
const maxKey = 8 << 10

func checkKeyLength(der []byte) error {
	if len(der) > maxKey {
		return fmt.Errorf("the private key is too large to be read: it has %d bytes, and %d are the most", len(der), maxKey)
	}
	return nil
}

// PublicOf reads a private key in DER that is not encrypted, in any of the forms that [DecodeKey] reads. It returns its
// public half; nil if it is none.
func PublicOf(der []byte) crypto.PublicKey {
	if checkKeyLength(der) != nil {
		return nil
	}
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
		func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
	} {
		key, err := parse(der)
		if private, ok := key.(crypto.Signer); ok && err == nil {
			return private.Public()
		}
	}
	return nil
}

func parseKey(block *pem.Block, passphrase func() ([]byte, error)) (any, error) {
	if err := checkKeyLength(block.Bytes); err != nil {
		return nil, err
	}
	if block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the private key is encrypted in a form that is broken; " + convert)
	}
	switch block.Type {
	case "ENCRYPTED PRIVATE KEY":
		if err := checkEncryption(block.Bytes); err != nil {
			return nil, err
		}
		secret, err := passphrase()
		if err != nil {
			return nil, err
		}
		return decryptKey(block.Bytes, secret)
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("the file holds a %q where a private key should be", certfile.TypeOf(block))
}

// convert is the advice for a key in a form that is not read here.
const convert = "convert it: openssl pkcs8 -topk8 -in OLD -out NEW"

// Bounds of what a file may ask for to check a passphrase: a gigabyte, and some ten seconds.
const (
	maxScryptBlocks = 1 << 23 // of 128 octets, in memory
	maxScryptWork   = 1 << 25 // the same, for each of its passes
	maxIterations   = 10_000_000
)

// checkEncryption refuses a file before its passphrase is asked for: one that no passphrase opens, and one that asks for too
// much memory or time. A file that it cannot read fails when it is decrypted.
func checkEncryption(der []byte) error {
	var file struct{ Scheme pkix.AlgorithmIdentifier }
	if _, err := asn1.Unmarshal(der, &file); err != nil {
		return nil //nolint:nilerr // see above
	}
	if !file.Scheme.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}) {
		return fmt.Errorf("the private key is encrypted under %s and not PBES2; %s", file.Scheme.Algorithm, convert)
	}
	var scheme struct{ KDF pkix.AlgorithmIdentifier }
	if _, err := asn1.Unmarshal(file.Scheme.Parameters.FullBytes, &scheme); err == nil && costly(scheme.KDF.Parameters.FullBytes) {
		return errors.New("the private key asks for more memory or time than any openssl does: the file is damaged, or made to stop this tool")
	}
	return nil
}

// costly looks at the parameters of scrypt or PBKDF2, of which the latter has one number before its other parameters.
func costly(der []byte) bool {
	var scrypt struct {
		Salt    []byte
		N, R, P int
	}
	if _, err := asn1.Unmarshal(der, &scrypt); err == nil {
		return max(scrypt.N, scrypt.R, scrypt.P) > maxScryptBlocks ||
			scrypt.N*scrypt.R > maxScryptBlocks || scrypt.N*scrypt.R*scrypt.P > maxScryptWork
	}
	var pbkdf2 struct {
		Salt       []byte
		Iterations int
	}
	_, err := asn1.Unmarshal(der, &pbkdf2)
	return err == nil && pbkdf2.Iterations > maxIterations
}

// decryptKey decrypts a key. The block cipher panics on half a block, which is an error here.
func decryptKey(der, passphrase []byte) (key any, err error) {
	defer func() {
		if recover() != nil {
			key, err = nil, ErrPassphrase
		}
	}()
	if len(passphrase) == 0 {
		return nil, ErrPassphrase
	}
	if key, _, err = pkcs8.ParsePrivateKey(der, passphrase); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrPassphrase, err)
	}
	return key, nil
}
