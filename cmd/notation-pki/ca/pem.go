package ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
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

// DecodeCRL reads a certificate revocation list, in PEM or DER.
func DecodeCRL(data []byte) (*x509.RevocationList, error) {
	data = certfile.WithoutBOM(data)
	block, rest := pem.Decode(data)
	if block == nil {
		return x509.ParseRevocationList(data)
	}
	if block.Type != "X509 CRL" {
		return nil, fmt.Errorf("the file holds a %q where a CRL should be", certfile.TypeOf(block))
	}
	if bytes.Contains(rest, []byte("-----BEGIN ")) {
		return nil, errors.New("the file holds more than one CRL; each needs a file of its own")
	}
	return x509.ParseRevocationList(block.Bytes)
}
