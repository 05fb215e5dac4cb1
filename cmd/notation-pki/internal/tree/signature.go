package tree

import (
	"fmt"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose" // registers the envelope
	_ "github.com/notaryproject/notation-core-go/signature/jws"  // registers the envelope
	"github.com/notaryproject/tspclient-go"
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
		return
	}
	certs := content.SignerInfo.CertificateChain
	for _, cert := range certs {
		p.addCert(source, cert)
	}
	p.chains = append(p.chains, chain{source, certs})
	p.addTimestamp("timestamp of "+source, content.SignerInfo.UnsignedAttributes.TimestampSignature)
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
