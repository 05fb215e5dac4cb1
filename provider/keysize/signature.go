package keysize

import (
	"crypto/x509"
	"errors"
)

// CheckSignatureFrom is [x509.Certificate.CheckSignatureFrom], if the key of issuer
// is within the bounds.
func CheckSignatureFrom(cert, issuer *x509.Certificate) error {
	if err := Check(issuer); err != nil {
		return err
	}
	return cert.CheckSignatureFrom(issuer)
}

// CheckSignatureBy checks the signature on cert by the key of issuer, if that is
// within the bounds. Unlike [CheckSignatureFrom] it does not ask whether issuer may
// sign certificates.
func CheckSignatureBy(cert, issuer *x509.Certificate) error {
	if err := Check(issuer); err != nil {
		return err
	}
	return issuer.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
}

// CheckList is [x509.RevocationList.CheckSignatureFrom], if the key of issuer is
// within the bounds.
func CheckList(list *x509.RevocationList, issuer *x509.Certificate) error {
	if err := Check(issuer); err != nil {
		return err
	}
	return list.CheckSignatureFrom(issuer)
}

// CheckRequest is [x509.CertificateRequest.CheckSignature], if the key and the name in
// the request are within the bounds.
func CheckRequest(request *x509.CertificateRequest) error {
	if err := CheckNames(request.RawSubject); err != nil {
		return err
	}
	if err := CheckKey(request.PublicKey); err != nil {
		return err
	}
	return request.CheckSignature()
}

// Verify is [x509.Certificate.Verify] for the first certificate of a chain, with the
// others as its intermediates, if the chain is within the bounds. The keys of
// options.Roots are the caller's own, and options.Intermediates must be nil.
func Verify(chain []*x509.Certificate, options x509.VerifyOptions) ([][]*x509.Certificate, error) {
	if len(chain) == 0 {
		return nil, errors.New("there is no certificate")
	}
	if err := CheckChain(chain); err != nil {
		return nil, err
	}
	options.Intermediates = x509.NewCertPool()
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	return chain[0].Verify(options)
}
