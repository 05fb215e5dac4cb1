package ca

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // for the digests below
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// checkPSS checks a request that is signed with RSA-PSS. crypto/x509 knows PSS with a salt as long as the digest only,
// and openssl's default is as long as fits. The key is one of [KeyTypes].
func checkPSS(request *x509.CertificateRequest) error {
	var signed struct {
		Content   asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(request.Raw, &signed); err != nil {
		return fmt.Errorf("reading the signature of the certificate request: %w", err)
	}
	key, ok := request.PublicKey.(*rsa.PublicKey)
	if !ok || !signed.Algorithm.Algorithm.Equal(oidPSS()) {
		return fmt.Errorf("the certificate request is signed with an algorithm that is not known here (%s); make it with SHA-256", signed.Algorithm.Algorithm)
	}
	hash, err := digestOfPSS(signed.Algorithm.Parameters.FullBytes)
	if err != nil {
		return fmt.Errorf("the certificate request is signed with RSA-PSS, and %w; make it with SHA-256", err)
	}
	digest := hash.New()
	digest.Write(request.RawTBSCertificateRequest)
	if rsa.VerifyPSS(key, hash, digest.Sum(nil), request.Signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) != nil {
		return errNotProven
	}
	return nil
}

// digestOfPSS reads the parameters of RSA-PSS (RFC 4055 section 3.1). A parameter that is left out stands for SHA-1.
func digestOfPSS(der []byte) (crypto.Hash, error) {
	var parameters struct {
		Digest     pkix.AlgorithmIdentifier `asn1:"explicit,tag:0,optional"`
		Mask       pkix.AlgorithmIdentifier `asn1:"explicit,tag:1,optional"`
		SaltLength int                      `asn1:"explicit,tag:2,optional,default:20"`
		Trailer    int                      `asn1:"explicit,tag:3,optional,default:1"`
	}
	if rest, err := asn1.Unmarshal(der, &parameters); err != nil || len(rest) > 0 {
		return 0, errors.New("its parameters cannot be read")
	}
	var masked pkix.AlgorithmIdentifier
	if parameters.Mask.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}) { // MGF1
		if _, err := asn1.Unmarshal(parameters.Mask.Parameters.FullBytes, &masked); err != nil {
			return 0, errors.New("its parameters cannot be read")
		}
	}
	for hash, oid := range map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
		crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
		crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
	} {
		if parameters.Digest.Algorithm.Equal(oid) && masked.Algorithm.Equal(oid) && parameters.Trailer == 1 {
			return hash, nil
		}
	}
	return 0, errors.New("not with one of SHA-256, SHA-384 and SHA-512 for both the digest and the mask")
}

func oidPSS() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10} }
