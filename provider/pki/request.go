package pki

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ReadRequest reads a certificate request, PKCS#10 (RFC 2986) in PEM or DER. It fails unless whoever wrote it holds the
// private key, and for a key that notation cannot verify with.
func ReadRequest(data []byte) (*x509.CertificateRequest, error) {
	der := data
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
			return nil, fmt.Errorf("the file holds a %q where a certificate request should be", block.Type)
		}
		der = block.Bytes
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, errors.New("the certificate request is not signed with the key that it is for")
	}
	if _, err := KeyTypeOf(request.PublicKey); err != nil {
		return nil, fmt.Errorf("the certificate request holds %w", err)
	}
	return request, nil
}
