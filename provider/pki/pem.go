package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// EncodeCertificates writes certificates as PEM, in the order given.
func EncodeCertificates(certs ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, cert := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	}
	return out.Bytes()
}

// EncodeKey writes a private key as PKCS#8 in PEM, NOT encrypted: give the file mode 0600.
// It fails for a key that is not held in memory.
func EncodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// EncodeCRL writes a certificate revocation list, given as DER, as PEM.
func EncodeCRL(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// DecodeCertificates reads the certificates of a file, all in PEM or one in DER. It fails where there is none, where one
// is damaged, and where there is anything else in PEM.
func DecodeCertificates(data []byte) ([]*x509.Certificate, error) {
	if block, _ := pem.Decode(data); block != nil || bytes.Contains(data, []byte("-----BEGIN ")) {
		return reload.Certificates(data)
	}
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("neither PEM nor a certificate in DER: %w", err)
	}
	return []*x509.Certificate{cert}, nil
}

// DecodeCRL reads a certificate revocation list, in PEM or DER.
func DecodeCRL(data []byte) (*x509.RevocationList, error) {
	der := data
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "X509 CRL" {
			return nil, fmt.Errorf("the file holds a %q where a CRL should be", block.Type)
		}
		der = block.Bytes
	}
	return x509.ParseRevocationList(der)
}
