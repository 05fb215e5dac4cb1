package tree

import (
	"crypto/x509"
	"encoding/json"
	"fmt"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/tspclient-go"
	gocose "github.com/veraison/go-cose"
)

// AddSignature adds the chains that an envelope holds: the signer's, and the timestamp authority's where there is a
// timestamp. Nothing in it is verified.
func (p *Pile) AddSignature(source, mediaType string, envelope []byte) {
	parsed, err := signature.ParseEnvelope(mediaType, envelope)
	if err != nil {
		p.problem(BadSignature, fmt.Sprintf("%s: the envelope cannot be read: %v", source, err))
		return
	}
	content, err := parsed.Content()
	if err != nil {
		p.problem(BadSignature, fmt.Sprintf("%s: notation refuses the envelope: %v", source, err))
		p.addSigner(source, chainWithin(mediaType, envelope))
		return
	}
	p.addSigner(source, content.SignerInfo.CertificateChain)
	p.addTimestamp("timestamp of "+source, content.SignerInfo.UnsignedAttributes.TimestampSignature)
}

func (p *Pile) addSigner(source string, certs []*x509.Certificate) {
	for _, cert := range certs {
		p.addCert(source, cert)
	}
	if len(certs) > 0 {
		p.chains = append(p.chains, chain{source, certs})
	}
}

// chainWithin reads the certificates of an envelope that notation refuses whole, which it does where their chain breaks a
// rule: then it takes the chain itself to say which. What cannot be read is left out.
func chainWithin(mediaType string, envelope []byte) []*x509.Certificate {
	var chain [][]byte
	switch mediaType {
	case jws.MediaTypeEnvelope:
		var signed struct {
			Header struct {
				X5C [][]byte `json:"x5c"`
			} `json:"header"`
		}
		if json.Unmarshal(envelope, &signed) == nil {
			chain = signed.Header.X5C
		}
	case cose.MediaTypeEnvelope:
		chain = x5chain(envelope)
	}
	var certs []*x509.Certificate
	for _, der := range chain {
		if cert, err := x509.ParseCertificate(der); err == nil {
			certs = append(certs, cert)
		}
	}
	return certs
}

// x5chain is a list or, of one certificate, that alone (RFC 9360 section 2).
func x5chain(envelope []byte) [][]byte {
	var signed gocose.Sign1Message
	if signed.UnmarshalCBOR(envelope) != nil {
		return nil
	}
	switch header := signed.Headers.Unprotected[gocose.HeaderLabelX5Chain].(type) {
	case []byte:
		return [][]byte{header}
	case []any:
		var chain [][]byte
		for _, der := range header {
			if der, ok := der.([]byte); ok {
				chain = append(chain, der)
			}
		}
		return chain
	}
	return nil
}

// addTimestamp adds the certificates of a timestamp, which are in no order.
func (p *Pile) addTimestamp(source string, token []byte) {
	if len(token) == 0 {
		return
	}
	parsed, err := tspclient.ParseSignedToken(token)
	if err != nil {
		p.problem(BadSignature, fmt.Sprintf("%s: cannot be read: %v", source, err))
		return
	}
	for _, cert := range parsed.Certificates {
		p.addCert(source, cert)
	}
}

// AddFailure adds that a signature could not be had.
func (p *Pile) AddFailure(source string, err error) {
	p.problem(Unreadable, fmt.Sprintf("%s: %v", source, err))
}
