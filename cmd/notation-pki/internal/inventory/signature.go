package inventory

import (
	"crypto/x509"
	"fmt"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
)

// AddSignature adds the chains that an envelope holds: the signer's, and the timestamp authority's where there is a
// timestamp. Nothing in it is verified. Of an envelope that notation refuses whole, which it does where the chain breaks a
// rule, the chain is judged all the same: it takes the chain itself to say which.
func (p *Pile) AddSignature(source, mediaType string, raw []byte) {
	p.budget = min(p.budget, maxStrangersCost)
	e, err := unverified.Read(mediaType, raw)
	if err != nil {
		p.problem(BadSignature, fmt.Sprintf("%s: %v", source, err))
		return
	}
	if e.Err != nil {
		p.problem(BadSignature, fmt.Sprintf("%s: %v", source, e.Err))
	}
	p.addSigner(source, e.Chain)
	switch {
	case e.Content == nil:
	case e.StampErr != nil:
		p.problem(BadSignature, fmt.Sprintf("timestamp of %s: cannot be read: %v", source, e.StampErr))
	case e.Stamp != nil:
		for _, cert := range e.Stamp.Certificates { // in no order
			p.addCert("timestamp of "+source, cert)
		}
	}
}

func (p *Pile) addSigner(source string, certs []*x509.Certificate) {
	for _, cert := range certs {
		p.addCert(source, cert)
	}
	if len(certs) > 0 {
		p.chains = append(p.chains, chain{source, certs})
	}
}

// AddFailure adds that a signature could not be had.
func (p *Pile) AddFailure(source string, err error) {
	p.problem(Unreadable, fmt.Sprintf("%s: %v", source, err))
}
