package rules

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

func oldVersion(p place) string {
	if p.cert.Version >= 3 {
		return ""
	}
	return fmt.Sprintf("is of version %d, which cannot say what a certificate is for: issue it again as version 3",
		p.cert.Version)
}

// maxSerialBits is the length of a serial number: 20 octets is the most that RFC 5280 allows, and the first bit is the sign.
const maxSerialBits = 159

func oddSerial(p place) string {
	switch serial := p.cert.SerialNumber; {
	case serial.Sign() <= 0:
		return fmt.Sprintf("its serial number is %s: issue it again with a positive one", serial)
	case serial.BitLen() > maxSerialBits:
		return fmt.Sprintf("its serial number takes %d octets, and 20 are the most: issue it again with a shorter one",
			serial.BitLen()/8+1)
	}
	return ""
}

func neverValid(p place) string {
	if !p.cert.NotAfter.Before(p.cert.NotBefore) {
		return ""
	}
	return fmt.Sprintf("ends at %s, before it starts at %s: issue it again", p.cert.NotAfter.UTC(), p.cert.NotBefore.UTC())
}

// weaklySigned knows the sound algorithms and no other. Ed25519 is among them: what a CA signs with is its own choice.
func weaklySigned(p place) string {
	switch p.cert.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
		return ""
	case x509.UnknownSignatureAlgorithm:
		return "is signed with an algorithm that Go does not know: issue it again, signed with SHA-256"
	default:
		return fmt.Sprintf("is signed with %s, which can be forged or is not supported: issue it again, signed with SHA-256",
			p.cert.SignatureAlgorithm)
	}
}

func shortKey(p place) string {
	short := ""
	switch key := p.cert.PublicKey.(type) {
	case *rsa.PublicKey:
		short = shorter(key.N.BitLen(), 2048)
	case *ecdsa.PublicKey:
		short = shorter(key.Curve.Params().BitSize, 256)
	}
	return short
}

func shorter(bits, least int) string {
	if bits >= least {
		return ""
	}
	return fmt.Sprintf("its key has %d bits, and %d are the least: issue it again for a new key", bits, least)
}

// otherKey leaves short keys to the other rule. Like notation, it counts a modulus in whole octets.
func otherKey(p place) string {
	kind, listedBits := p.cert.PublicKeyAlgorithm.String(), false
	switch key := p.cert.PublicKey.(type) {
	case *rsa.PublicKey:
		kind = fmt.Sprintf("RSA of %d bits", key.N.BitLen())
		listedBits = slices.Contains([]int{2048, 3072, 4096}, key.Size()*8)
	case *ecdsa.PublicKey:
		kind = "of the curve " + key.Curve.Params().Name
		listedBits = slices.Contains([]int{256, 384, 521}, key.Curve.Params().BitSize)
	}
	if listedBits || shortKey(p) != "" {
		return ""
	}
	return fmt.Sprintf("its key is %s; notation signs with %s only: issue it again for one of those",
		kind, listed(ca.KeyTypes()))
}

func unknownCritical(p place) string {
	if len(p.cert.UnhandledCriticalExtensions) == 0 {
		return ""
	}
	return fmt.Sprintf("has critical extensions that verifiers do not know (%s): issue it again without, or not critical",
		listed(p.cert.UnhandledCriticalExtensions))
}

func noAuthorityKeyID(p place) string {
	if len(p.cert.AuthorityKeyId) > 0 || selfIssued(p.cert) {
		return ""
	}
	return "has no authority key identifier: issue it again with its issuer's subject key identifier there"
}

func otherAuthorityKeyID(p place) string {
	if p.issuer == nil || len(p.cert.AuthorityKeyId) == 0 || len(p.issuer.SubjectKeyId) == 0 ||
		bytes.Equal(p.cert.AuthorityKeyId, p.issuer.SubjectKeyId) {
		return ""
	}
	return fmt.Sprintf("its authority key identifier is %x, and its issuer's subject key identifier %x: "+
		"issue it again with the latter in both", p.cert.AuthorityKeyId, p.issuer.SubjectKeyId)
}
