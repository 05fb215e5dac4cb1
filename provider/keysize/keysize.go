package keysize

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

const (
	// MaxRSABits is the length of the largest RSA modulus, in bits. crypto/tls has
	// the same bound. The other kinds of keys that crypto/x509 reads have one length,
	// or four named curves. An RSA exponent has 31 bits at most in crypto/x509.
	MaxRSABits = 8 << 10

	// MaxCertificates is the largest number of certificates in one chain, and of
	// those that a timestamp brings.
	MaxCertificates = 16

	// MaxCertificateBytes is the size of the largest certificate: parsed it may take
	// 50 times as much. Honest ones have 1 to 4 KiB.
	MaxCertificateBytes = 16 << 10

	// MaxNameBytes is the size of the largest name of a certificate, as DER. crypto/x509 writes it
	// as text in a time that grows with the square of its parts.
	MaxNameBytes = 2 << 10
)

// ErrKey, ErrSize and ErrChain tell by [errors.Is] which bound was exceeded.
var (
	ErrKey   = errors.New("the key is too large to be checked")
	ErrSize  = errors.New("a certificate, or a name in it, is too large to be checked")
	ErrChain = errors.New("there are too many certificates to be checked")
)

// Check returns an error that wraps [ErrKey] if the key of a certificate is larger than
// [MaxRSABits], and one that wraps [ErrSize] if a certificate is larger than
// [MaxCertificateBytes], or one of its names than [MaxNameBytes].
func Check(certs ...*x509.Certificate) error {
	for _, c := range certs {
		if err := CheckKey(c.PublicKey); err != nil {
			return err
		}
		if len(c.Raw) > MaxCertificateBytes {
			return fmt.Errorf("%w: it has %d bytes, and %d are the most", ErrSize, len(c.Raw), MaxCertificateBytes)
		}
		if err := CheckNames(c.RawSubject, c.RawIssuer); err != nil {
			return err
		}
	}
	return nil
}

// CheckNames returns an error that wraps [ErrSize] if one of some names, as DER, is
// larger than [MaxNameBytes].
func CheckNames(names ...[]byte) error {
	for _, name := range names {
		if len(name) > MaxNameBytes {
			return fmt.Errorf("%w: the name has %d bytes, and %d are the most", ErrSize, len(name), MaxNameBytes)
		}
	}
	return nil
}

// CheckChain is [Check], and returns an error that wraps [ErrChain] if there are more
// than [MaxCertificates].
func CheckChain(certs []*x509.Certificate) error {
	if len(certs) > MaxCertificates {
		return fmt.Errorf("%w: %d, and %d are the most", ErrChain, len(certs), MaxCertificates)
	}
	return Check(certs...)
}

// CheckKey is [Check] for a public key. A key of a kind that crypto/x509 does not
// know passes: it refuses to compute with one.
func CheckKey(key crypto.PublicKey) error {
	if key, ok := key.(*rsa.PublicKey); ok && key.N.BitLen() > MaxRSABits {
		return fmt.Errorf("%w: RSA with %d bits, and %d are the most", ErrKey, key.N.BitLen(), MaxRSABits)
	}
	return nil
}
