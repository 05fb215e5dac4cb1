package reload

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Certificates reads every certificate in PEM data. It is strict, unlike
// [x509.CertPool.AppendCertsFromPEM], which skips what it cannot read: half a file
// must not pass for the whole of it, and a private key has no place among what is
// trusted or shown; most likely it was put there by mistake.
func Certificates(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	begun := bytes.Count(data, []byte("-----BEGIN "))
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it has a %s, where only certificates belong", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 && begun == 0 {
		return nil, errors.New("it has no certificate")
	}
	if len(certs) != begun {
		return nil, fmt.Errorf("only %d of its %d PEM blocks can be read", len(certs), begun)
	}
	return certs, nil
}
