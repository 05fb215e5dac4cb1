package inventory

import (
	"crypto/x509"
	"fmt"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
)

// AddSignature adds the chains in an envelope: the signer's and, if there is a timestamp, the timestamp authority's. It
// verifies nothing. If a chain breaks a rule, notation refuses the whole envelope; the chain is added all the same, so
// that the rule can be named.
func (files *Files) AddSignature(source, mediaType string, raw []byte) {
	files.budget = min(files.budget, maxStrangersCost)
	e, err := unverified.Read(mediaType, raw)
	if err != nil {
		files.problem(BadSignature, fmt.Sprintf("%s: %v", source, err))
		return
	}
	if e.Err != nil {
		files.problem(BadSignature, fmt.Sprintf("%s: %v", source, e.Err))
	}
	files.addSigner(source, e.Chain)
	switch {
	case e.Content == nil:
	case e.StampErr != nil:
		files.problem(BadSignature, fmt.Sprintf("timestamp of %s: cannot be read: %v", source, e.StampErr))
	case e.Stamp != nil:
		for _, cert := range e.Stamp.Certificates { // in no order
			files.addCert("timestamp of "+source, cert)
		}
	}
}

func (files *Files) addSigner(source string, certs []*x509.Certificate) {
	for _, cert := range certs {
		files.addCert(source, cert)
	}
	if len(certs) > 0 {
		files.chains = append(files.chains, chain{source, certs})
	}
}

// AddFailure adds a problem: a signature could not be fetched.
func (files *Files) AddFailure(source string, err error) {
	files.problem(Unreadable, fmt.Sprintf("%s: %v", source, err))
}
