package revocation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// read reads a response about a certificate. Its error says why the response is not used.
func (r *responders) read(ctx context.Context, der []byte, cert, issuer *x509.Certificate) (*ocsp.Response, error) {
	outer, basic, data, err := parseResponse(der)
	if err != nil {
		return nil, err
	}
	if err := data.aboutOnly(cert, issuer); err != nil {
		return nil, err
	}
	signers := r.maySpeak(ctx, basic.Certificates, issuer)
	response, err := outer.signedBy(basic, cert, signers)
	if err != nil {
		return nil, err
	}
	if err := (statement{Response: response}).inDate(r.max()); err != nil {
		return nil, err
	}
	if response.Status != ocsp.Good && response.Status != ocsp.Revoked {
		return nil, problemf("%s does not know the certificate", theResponder)
	}
	return response, nil
}

// responseDER and the types below it are OCSPResponse of RFC 6960 section 4.2.1. They have what is looked at
// before x/crypto/ocsp parses and verifies it.
type responseDER struct {
	Status   asn1.Enumerated
	Response responseBytes `asn1:"explicit,tag:0,optional"`
}

type responseBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

type basicResponse struct {
	TBS          asn1.RawValue
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type responseData struct {
	Version     int           `asn1:"optional,default:0,explicit,tag:0"`
	ResponderID asn1.RawValue // a choice
	ProducedAt  time.Time     `asn1:"generalized"`
	Responses   []singleResponse
	Extensions  []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

// singleResponse has more fields, the status and its dates, which x/crypto/ocsp parses.
type singleResponse struct{ ID certID }

type certID struct {
	Hash      pkix.AlgorithmIdentifier
	NameHash  []byte
	KeyHash   []byte
	SerialNum *big.Int
}

// parseResponse parses a response. A failure that the responder tells (RFC 6960 section 4.2.1) is named.
func parseResponse(der []byte) (outer responseDER, basic basicResponse, data responseData, err error) {
	if err = unmarshal(der, &outer); err != nil {
		return outer, basic, data, err
	}
	if status := ocsp.ResponseStatus(outer.Status); status != ocsp.Success {
		return outer, basic, data, problemf("%s refused: %s", theResponder, status)
	}
	if err = unmarshal(outer.Response.Response, &basic); err != nil {
		return outer, basic, data, err
	}
	if err = unmarshal(basic.TBS.FullBytes, &data); err != nil {
		return outer, basic, data, err
	}
	if slices.ContainsFunc(data.Extensions, func(e pkix.Extension) bool { return e.Critical }) {
		return outer, basic, data, problemf("the OCSP answer has a critical extension that is not supported")
	}
	return outer, basic, data, nil
}

// unmarshal reads DER that must have nothing behind it.
func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil || len(rest) > 0 {
		return unreadable(err)
	}
	return nil
}

func unreadable(err error) error {
	return &problem{theResponder + " gave an answer that cannot be read", err}
}

// aboutOnly wants one status in the response with the certificate's serial number, and that one for its issuer: RFC 6960
// section 4.1.1 identifies a certificate by all three. x/crypto/ocsp goes by the serial number alone.
func (d responseData) aboutOnly(cert, issuer *x509.Certificate) error {
	var about []certID
	for _, single := range d.Responses {
		if single.ID.SerialNum != nil && single.ID.SerialNum.Cmp(cert.SerialNumber) == 0 {
			about = append(about, single.ID)
		}
	}
	if len(about) != 1 || !about[0].of(issuer) {
		return problemf("the OCSP answer is for another certificate")
	}
	return nil
}

// of tells whether the certificate's issuer is this one.
func (id certID) of(issuer *x509.Certificate) bool {
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &key); err != nil {
		return false
	}
	hash, ok := hashes()[id.Hash.Algorithm.String()]
	return ok && bytes.Equal(id.NameHash, sum(hash, issuer.RawSubject)) && bytes.Equal(id.KeyHash, sum(hash, key.Bits.RightAlign()))
}

// hashes are those that responders use, by their identifiers; x/crypto/ocsp links them.
func hashes() map[string]crypto.Hash {
	return map[string]crypto.Hash{
		"1.3.14.3.2.26":          crypto.SHA1,
		"2.16.840.1.101.3.4.2.1": crypto.SHA256,
		"2.16.840.1.101.3.4.2.2": crypto.SHA384,
		"2.16.840.1.101.3.4.2.3": crypto.SHA512,
	}
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	_, _ = h.Write(data) // a hash takes all
	return h.Sum(nil)
}

// signedBy returns the status that one of the signers signed. The signature does not cover the certificates that come
// along, so they are left out. x/crypto/ocsp would compute with the first of them and ask later who issued it.
func (outer responseDER) signedBy(basic basicResponse, cert *x509.Certificate, signers []*x509.Certificate) (*ocsp.Response, error) {
	alone, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{basic.TBS, basic.Algorithm, basic.Signature})
	if err != nil {
		return nil, unreadable(err)
	}
	outer.Response.Response = alone
	der, err := asn1.Marshal(outer)
	if err != nil {
		return nil, unreadable(err)
	}
	var failed error
	for _, signer := range signers {
		response, err := ocsp.ParseResponseForCert(der, cert, signer)
		if err == nil {
			return response, nil
		}
		if errors.Is(err, ocsp.ParseError("unsupported critical extension")) { // which is looked at when the signature is right
			return nil, problemf("the OCSP answer has a critical extension that is not supported")
		}
		failed = errors.Join(failed, err)
	}
	return nil, &problem{"the OCSP answer is signed neither by the CA nor by a responder that it delegated to", failed}
}
