package ca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// CA is a certificate authority: it issues certificates and says later which of them it has revoked.
type CA struct {
	Identity
}

// NewRoot makes a self-signed CA. Default: 100 years, path length unbounded.
func NewRoot(opts Options) (*CA, error) {
	return newCA(opts, role{commonName: "Example Root CA", lifetime: 36500 * day, isCA: true}, nil)
}

// Intermediate issues a CA below this one. Default: ten years, path length zero.
func (ca *CA) Intermediate(opts Options) (*CA, error) {
	return newCA(opts, role{commonName: "Example Intermediate CA", lifetime: 3650 * day, isCA: true, pathLen: new(int)}, ca)
}

func newCA(opts Options, as role, issuer *CA) (*CA, error) {
	id, err := issue(opts, as, issuer)
	if err != nil {
		return nil, err
	}
	return &CA{Identity: id}, nil
}

// Signer issues a certificate that signs artifacts and nothing else. Default: one year.
func (ca *CA) Signer(opts Options) (*Identity, error) {
	return ca.leaf(opts, "Example Signer", x509.ExtKeyUsageCodeSigning)
}

// SelfSigned makes a signer without a CA: its own certificate, which is not a CA's, is the trust anchor.
// Default: one year.
func SelfSigned(opts Options) (*Identity, error) {
	return newLeaf(opts, "Example Self-Signed Signer", 365*day, nil, x509.ExtKeyUsageCodeSigning)
}

// Server issues a certificate for a TLS server. Set [Options.DNSNames] or [Options.IPAddresses]. Default: one year.
func (ca *CA) Server(opts Options) (*Identity, error) {
	return ca.leaf(opts, "server", x509.ExtKeyUsageServerAuth)
}

// Client issues a certificate for a TLS client. Default: one year.
func (ca *CA) Client(opts Options) (*Identity, error) {
	return ca.leaf(opts, "client", x509.ExtKeyUsageClientAuth)
}

// Peer issues a certificate for both ends of TLS, as Gatekeeper's rotator makes its webhook's. Default: one year.
func (ca *CA) Peer(opts Options) (*Identity, error) {
	return ca.leaf(opts, "peer", x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
}

// Responder issues a certificate that signs OCSP responses in the CA's place (RFC 6960 section 4.2.2.2). Default: one year.
func (ca *CA) Responder(opts Options) (*Identity, error) {
	return ca.leaf(opts, "OCSP Responder", x509.ExtKeyUsageOCSPSigning)
}

// TSA issues a certificate that signs timestamps and nothing else (RFC 3161 section 2.3). Default: ten years.
func (ca *CA) TSA(opts Options) (*Identity, error) {
	timeStampingOnly, err := criticalTimeStamping()
	if err != nil {
		return nil, err
	}
	id, err := issue(opts, role{
		commonName: "Example Timestamp Authority",
		lifetime:   3650 * day,
		extra:      []pkix.Extension{timeStampingOnly},
	}, ca)
	if err != nil {
		return nil, err
	}
	return &id, nil
}

// criticalTimeStamping is the extended key usage that RFC 3161 asks for. Go would leave it uncritical.
func criticalTimeStamping() (pkix.Extension, error) {
	value, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("encoding the key usage of a timestamp authority: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: value}, nil
}

func (ca *CA) leaf(opts Options, commonName string, purposes ...x509.ExtKeyUsage) (*Identity, error) {
	return newLeaf(opts, commonName, 365*day, ca, purposes...)
}

func newLeaf(opts Options, commonName string, lifetime time.Duration, issuer *CA, purposes ...x509.ExtKeyUsage) (*Identity, error) {
	id, err := issue(opts, role{commonName: commonName, lifetime: lifetime, purposes: purposes}, issuer)
	if err != nil {
		return nil, err
	}
	return &id, nil
}
