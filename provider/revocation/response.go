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

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// maxResponders bounds the certificates in a response that may speak for the CA. Honest responses have one.
const maxResponders = 4

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

// responseDER and the types below it are OCSPResponse of RFC 6960 section 4.2.1, as far as it is looked at before
// x/crypto/ocsp parses and verifies it.
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
		return &problem{theResponder + " gave an answer that cannot be read", err}
	}
	return nil
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

// maySpeak are the certificates that may sign for the CA: its own, and those in the response that it delegated to. Nothing
// is computed with the key of any other.
func (r *responders) maySpeak(ctx context.Context, embedded []asn1.RawValue, issuer *x509.Certificate) []*x509.Certificate {
	signers := []*x509.Certificate{issuer}
	for _, raw := range embedded {
		cert, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil || issuerOf(cert, issuer) || len(signers) > maxResponders {
			continue
		}
		if delegated(cert, issuer) == nil && r.notRevoked(ctx, cert, issuer) {
			signers = append(signers, cert)
		}
	}
	return signers
}

// delegated tells whether the CA lets a certificate sign OCSP responses: it issued the certificate itself, for OCSP
// signing, and the certificate is in date (RFC 6960 section 4.2.2.2).
func delegated(cert, issuer *x509.Certificate) error {
	switch at := time.Now(); {
	case !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("not for OCSP signing")
	case cert.KeyUsage != 0 && cert.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return errors.New("not for digital signatures")
	case len(cert.UnhandledCriticalExtensions) > 0:
		return errors.New("with a critical extension that is not supported")
	case at.Before(cert.NotBefore), at.After(cert.NotAfter):
		return errors.New("not in date")
	case !bytes.Equal(cert.RawIssuer, issuer.RawSubject):
		return errors.New("issued by another CA")
	}
	return errors.Join(keysize.Check(cert), keysize.CheckSignatureFrom(cert, issuer))
}

// notRevoked tells whether a responder's own certificate still counts. RFC 6960 section 4.2.2.2.1 leaves it to the CA:
// one with the nocheck extension counts until it ends; one that names a revocation list is looked up there, and does not
// count while the list cannot be had; one that names neither counts.
func (r *responders) notRevoked(ctx context.Context, cert, issuer *x509.Certificate) bool {
	noCheck := func(e pkix.Extension) bool { return e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}) }
	if slices.ContainsFunc(cert.Extensions, noCheck) || !has(cert.Extensions, oidCRLDistributionPoints) {
		return true
	}
	q := question{cert: cert, issuer: issuer, asked: map[string]bool{}}
	answer, err := r.lists.ask(ctx, q, true)
	return err == nil && r.revocations.apply(q, answer).revoked == nil
}

// signedBy returns the status that one of the signers signed. The signature does not cover the certificates that come
// along, so they are left out: x/crypto/ocsp would compute with the first of them and ask later who issued it.
func (outer responseDER) signedBy(basic basicResponse, cert *x509.Certificate, signers []*x509.Certificate) (*ocsp.Response, error) {
	alone, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{basic.TBS, basic.Algorithm, basic.Signature})
	if err != nil {
		return nil, &problem{theResponder + " gave an answer that cannot be read", err}
	}
	outer.Response.Response = alone
	der, err := asn1.Marshal(outer)
	if err != nil {
		return nil, &problem{theResponder + " gave an answer that cannot be read", err}
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

// inDate says why a statement does not hold now. One without a next update says that newer ones are always to be had
// (RFC 6960 section 4.2.2.1), so it holds no longer than answers may be used.
func (s statement) inDate(max time.Duration) error {
	at := time.Now()
	end := s.NextUpdate
	if end.IsZero() {
		end = s.ThisUpdate.Add(max + maxSkew)
	}
	switch {
	case s.ThisUpdate.After(at.Add(maxSkew)), s.ProducedAt.After(at.Add(maxSkew)):
		return problemf("the OCSP answer is from the future")
	case at.After(end):
		return problemf("the OCSP answer has ended")
	}
	return nil
}

// invalidityDate is when the key became invalid (RFC 5280 section 5.3.2); zero if that is not told.
func invalidityDate(extensions []pkix.Extension) time.Time {
	var invalid time.Time
	if value := extension(extensions, oidInvalidityDate); value != nil {
		if rest, err := asn1.UnmarshalWithParams(value, &invalid, "generalized"); err != nil || len(rest) > 0 {
			return time.Time{}
		}
	}
	return invalid
}
