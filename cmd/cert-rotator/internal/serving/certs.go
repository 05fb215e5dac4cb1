package serving

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// readable are the certificates in data that can be read, and whether they are all.
func readable(data []byte) (certs []*x509.Certificate, all bool) {
	if len(data) == 0 {
		return nil, true
	}
	certs, err := certfile.Parse(data)
	if err != nil {
		certs = lenient(data)
	}
	read := len(certs)
	certs = slices.DeleteFunc(certs, func(c *x509.Certificate) bool { return keysize.Check(c) != nil })
	return certs, err == nil && len(certs) == read
}

// lenient are the certificates in data, without what cannot be read. Gatekeeper reads a
// caBundle like that.
func lenient(data []byte) []*x509.Certificate {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			certs = append(certs, c)
		}
	}
	return certs
}

func has(certs []*x509.Certificate, one *x509.Certificate) bool {
	return slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, one.Raw) })
}

// useful are the certificates that are in time and not known already, each once, and no
// more than [maxOld].
func useful(certs, known []*x509.Certificate, now time.Time) []*x509.Certificate {
	var kept []*x509.Certificate
	for _, c := range certs {
		if !authority.Expired(c, now) && !has(known, c) && !has(kept, c) && len(kept) < maxOld {
			kept = append(kept, c)
		}
	}
	return kept
}
