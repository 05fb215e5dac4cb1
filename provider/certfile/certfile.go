// Package certfile reads the certificates in a file, all of them or none: half a file
// must not pass for the whole of it.
package certfile

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// begin is how a PEM block starts (RFC 7468 section 3).
const begin = "-----BEGIN "

// Parse reads every certificate in data, in PEM or, where there is no PEM, in DER. It is strict,
// unlike [x509.CertPool.AppendCertsFromPEM], which skips what it cannot read. A private key is an
// error. It has no place among certificates that are trusted or shown; most likely it was put there
// by mistake.
//
// Text around the PEM blocks, Windows line ends and byte order marks do not matter.
func Parse(data []byte) ([]*x509.Certificate, error) {
	data = WithoutBOM(data)
	if bytes.Contains(data, []byte(begin)) {
		return parsePEM(data)
	}
	certs, err := x509.ParseCertificates(data)
	if err != nil || len(certs) == 0 {
		return nil, errors.New("it holds no certificate, in PEM or DER" + hint(data))
	}
	return certs, nil
}

func parsePEM(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	begun := bytes.Count(data, []byte(begin))
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if !IsCertificate(block) {
			return nil, fmt.Errorf("it has a %s, where only certificates belong%s", TypeOf(block), convert(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) != begun {
		return nil, fmt.Errorf("only %d of its %d PEM blocks can be read%s", len(certs), begun, hint(data))
	}
	return certs, nil
}

// IsCertificate tells whether a PEM block holds a certificate. "X509 CERTIFICATE" is the
// older name (RFC 7468 section 5.1).
func IsCertificate(block *pem.Block) bool {
	return slices.Contains([]string{"CERTIFICATE", "X509 CERTIFICATE"}, block.Type)
}

// HasCertificate tells whether data has a PEM block that says to be a certificate,
// readable or not.
func HasCertificate(data []byte) bool {
	return slices.ContainsFunc([]string{"CERTIFICATE-----", "X509 CERTIFICATE-----", "TRUSTED CERTIFICATE-----"}, func(name string) bool {
		return bytes.Contains(data, []byte(begin+name))
	})
}
