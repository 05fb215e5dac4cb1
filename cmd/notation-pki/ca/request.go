package ca

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// ReadRequest reads a certificate request, PKCS#10 (RFC 2986) in PEM or DER. It fails unless
// it is signed with the private key, and for a key that notation cannot verify with.
func ReadRequest(data []byte) (*x509.CertificateRequest, error) {
	der, err := requestDER(certfile.WithoutBOM(data))
	if err != nil {
		return nil, err
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", err)
	}
	// The kind and size of the key come first: they decide what the check of the signature costs.
	if err := checkRequestKey(request); err != nil {
		return nil, err
	}
	if err := checkProof(request); err != nil {
		return nil, err
	}
	return request, nil
}

// requestDER finds the one certificate request in a file.
func requestDER(data []byte) ([]byte, error) {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return data, nil
	}
	var found [][]byte
	decoded, begun := 0, bytes.Count(data, []byte("-----BEGIN "))
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		decoded++
		switch {
		case block.Type == "CERTIFICATE REQUEST" || block.Type == "NEW CERTIFICATE REQUEST":
			found = append(found, block.Bytes)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, errors.New("the file holds a private key beside the certificate request; the key must stay where it is used: hand in the request alone")
		case block.Type != "EC PARAMETERS":
			return nil, fmt.Errorf("the file holds a %q where a certificate request should be", certfile.TypeOf(block))
		}
	}
	switch {
	case decoded != begun:
		return nil, fmt.Errorf("only %d of its %d PEM blocks can be read; get it again from where it came", decoded, begun)
	case len(found) != 1:
		return nil, fmt.Errorf("the file holds %d certificate requests; give each a file of its own", len(found))
	}
	return found[0], nil
}

func checkRequestKey(request *x509.CertificateRequest) error {
	if request.PublicKey == nil {
		var info struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}
		if _, err := asn1.Unmarshal(request.RawSubjectPublicKeyInfo, &info); err != nil {
			return fmt.Errorf("reading the key in the certificate request: %w", err)
		}
		if info.Algorithm.Algorithm.Equal(oidPSS()) {
			return fmt.Errorf("the certificate request holds an RSA key that is for RSA-PSS alone, which notation does not know; want one of %s: openssl genpkey -algorithm RSA", spelling.List(KeyTypes()))
		}
		return fmt.Errorf("the certificate request holds a key of the unknown kind %s, want one of %s", info.Algorithm.Algorithm, spelling.List(KeyTypes()))
	}
	if _, err := KeyTypeOf(request.PublicKey); err != nil {
		return fmt.Errorf("the certificate request holds %w", err)
	}
	return nil
}

// checkProof makes sure that a request is signed with its own private key.
func checkProof(request *x509.CertificateRequest) error {
	err := keysize.CheckRequest(request)
	if err == nil || errors.Is(err, keysize.ErrSize) {
		return err
	}
	if _, weak := errors.AsType[x509.InsecureAlgorithmError](err); weak {
		return fmt.Errorf("the certificate request is signed with %s, which proves nothing; make it with SHA-256", request.SignatureAlgorithm)
	}
	if errors.Is(err, x509.ErrUnsupportedAlgorithm) {
		return checkPSS(request)
	}
	return errNotProven
}

var errNotProven = errors.New("the certificate request is not signed with the key that it is for")
