package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// KeyType names a kind of key and its size, as the Notary Project's signature specification lists them.
type KeyType string

// The key types that a notation signature may be made with. There are no others.
const (
	RSA2048 KeyType = "rsa-2048"
	RSA3072 KeyType = "rsa-3072"
	RSA4096 KeyType = "rsa-4096" // slow: a key takes a second or more
	ECP256  KeyType = "ec-256"
	ECP384  KeyType = "ec-384"
	ECP521  KeyType = "ec-521"
)

// KeyTypes lists every [KeyType], smallest first within its family.
func KeyTypes() []KeyType {
	return []KeyType{RSA2048, RSA3072, RSA4096, ECP256, ECP384, ECP521}
}

// Generate makes a new key of this type: an *rsa.PrivateKey or an *ecdsa.PrivateKey.
// It fails for a type that is not in [KeyTypes].
func (t KeyType) Generate() (crypto.Signer, error) {
	switch t {
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case ECP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	return nil, fmt.Errorf("unknown key type %q, want one of %s", t, spelling.List(KeyTypes()))
}

// KeyTypeOf is the type of a public key. It fails for one that notation cannot verify with.
func KeyTypeOf(public crypto.PublicKey) (KeyType, error) {
	var found KeyType
	switch key := public.(type) {
	case *rsa.PublicKey:
		found = KeyType(fmt.Sprintf("rsa-%d", key.N.BitLen()))
	case *ecdsa.PublicKey:
		found = KeyType(fmt.Sprintf("ec-%d", key.Curve.Params().BitSize))
	default:
		return "", fmt.Errorf("a key of type %T, want one of %s", public, spelling.List(KeyTypes()))
	}
	if !slices.Contains(KeyTypes(), found) {
		return "", fmt.Errorf("a key of type %q, want one of %s", found, spelling.List(KeyTypes()))
	}
	return found, nil
}
