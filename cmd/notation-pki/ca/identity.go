package ca

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
)

// Identity is a certificate with the key it certifies and the chain that vouches for it.
type Identity struct {
	Cert *x509.Certificate

	// Key is nil where the certificate was issued for a key that lives elsewhere.
	Key crypto.Signer

	// Chain leads from Cert to the root, both included. A self-signed certificate is its own whole chain.
	Chain []*x509.Certificate
}

// Root is the last certificate of the chain: the one to put into a trust store.
func (id *Identity) Root() *x509.Certificate {
	return id.Chain[len(id.Chain)-1]
}

// TLS is the identity in the form that crypto/tls takes, without the root, which the other side must already hold.
func (id *Identity) TLS() tls.Certificate {
	sent := id.Chain
	if len(sent) > 1 {
		sent = sent[:len(sent)-1]
	}
	cert := tls.Certificate{PrivateKey: id.Key, Leaf: id.Cert}
	for _, c := range sent {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert
}

// TrustedIdentity is the certificate's subject as an entry of a trust policy's trustedIdentities.
func TrustedIdentity(cert *x509.Certificate) string {
	return "x509.subject: " + cert.Subject.String()
}

// Thumbprint is the SHA-256 of the certificate in lower-case hexadecimal, as notation writes it beside a signature.
func Thumbprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// Pool holds the given certificates for crypto/x509 and crypto/tls.
func Pool(certs ...*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	return pool
}
