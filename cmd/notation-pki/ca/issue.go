package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// serialBits is the length of a serial number: 20 octets is the most that RFC 5280 allows, and the first bit is the sign.
const serialBits = 159

// role holds how one kind of certificate differs from another.
type role struct {
	commonName string
	lifetime   time.Duration
	pathLen    *int // for a CA: the default, nil for unbounded
	isCA       bool
	purposes   []x509.ExtKeyUsage
	extra      []pkix.Extension
}

// issue makes a certificate of this role, signed by the issuer or, without one, by its own key.
func issue(opts Options, as role, issuer *CA) (Identity, error) {
	public, key, err := opts.keys()
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", as.commonName, err)
	}
	template, err := newTemplate(opts, as, issuer, public)
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", as.commonName, err)
	}
	if issuer == nil && key == nil {
		return Identity{}, fmt.Errorf("%s: a certificate that signs itself needs its private key", as.commonName)
	}
	parent, signer, above := template, key, []*x509.Certificate(nil)
	if issuer != nil {
		parent, signer, above = issuer.Cert, issuer.Key, issuer.Chain
		template.AuthorityKeyId = issuer.Cert.SubjectKeyId
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return Identity{}, fmt.Errorf("%s: creating the certificate: %w", as.commonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Identity{}, fmt.Errorf("%s: reading back the certificate: %w", as.commonName, err)
	}
	return Identity{Cert: cert, Key: key, Chain: slices.Concat([]*x509.Certificate{cert}, above)}, nil
}

// newTemplate makes the template of a certificate. Go marks basic constraints and key usage critical by itself.
func newTemplate(opts Options, as role, issuer *CA, public crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	keyID, err := subjectKeyID(public)
	if err != nil {
		return nil, err
	}
	notBefore, notAfter := opts.validity(as.lifetime, issuer)
	if !notAfter.After(notBefore) {
		return nil, fmt.Errorf("ends at %s, before it starts at %s", notAfter, notBefore)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               opts.subject(as.commonName),
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		SubjectKeyId:          keyID,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           as.purposes,
		ExtraExtensions:       as.extra,
		BasicConstraintsValid: true,
		CRLDistributionPoints: opts.CRLURLs,
		OCSPServer:            opts.OCSPURLs,
		DNSNames:              opts.DNSNames,
		IPAddresses:           opts.IPAddresses,
		URIs:                  opts.URIs,
		EmailAddresses:        opts.EmailAddresses,
	}
	if as.isCA {
		makeCA(template, opts.PathLen, as.pathLen)
	}
	return template, nil
}

// makeCA makes the template one of a CA. The path length is the one asked for or, without it, the usual one.
func makeCA(template *x509.Certificate, asked, usual *int) {
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.MaxPathLen = -1
	if asked == nil {
		asked = usual
	}
	if asked != nil {
		template.MaxPathLen = *asked
		template.MaxPathLenZero = *asked == 0
	}
}

// newSerial picks a random serial number, which is never zero.
func newSerial() (*big.Int, error) {
	limit := new(big.Int).Lsh(big.NewInt(1), serialBits)
	serial, err := rand.Int(rand.Reader, limit.Sub(limit, big.NewInt(1)))
	if err != nil {
		return nil, fmt.Errorf("picking a serial number: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

// subjectKeyID names a public key by the first 160 bits of its SHA-256, as RFC 7093 has it. Go adds one to CAs only.
func subjectKeyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	bits, err := publicKeyBits(der)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bits)
	return sum[:20], nil
}

// publicKeyBits is the key within its SubjectPublicKeyInfo. Key identifiers are computed over it.
func publicKeyBits(der []byte) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("reading the public key: %w", err)
	}
	return info.Key.RightAlign(), nil
}
