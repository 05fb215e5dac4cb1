package verifier

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"

	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/tspclient-go"
	gocose "github.com/veraison/go-cose"
)

const (
	// maxRSABits is what crypto/tls takes, too. Checking one signature by a key that
	// fills an envelope keeps a core busy for minutes, and no deadline ends it.
	maxRSABits = 8 << 10
	// maxChain bounds the certificates of a signature, and those of its timestamp.
	maxChain = 16
)

var errOutsize = errors.New("its certificates are too many, or have keys too large, to be checked")

// outsize tells whether checking an envelope would take more than is due to a
// stranger: the judge computes with every key in it before it asks who trusts them,
// and with those of the timestamp, which nobody signed. What cannot be read here
// cannot be read by the judge, who will say so.
func outsize(mediaType string, envelope []byte) bool {
	chain, stamp := certificatesOf(mediaType, envelope)
	if len(chain) > maxChain {
		return true
	}
	var certs []*x509.Certificate
	for _, der := range chain {
		if c, err := x509.ParseCertificate(der); err == nil {
			certs = append(certs, c)
		}
	}
	if token, err := tspclient.ParseSignedToken(stamp); err == nil {
		if len(token.Certificates) > maxChain || len(token.SignerInfos) > 1 { // one is what RFC 3161 allows
			return true
		}
		certs = append(certs, token.Certificates...)
	}
	return slices.ContainsFunc(certs, func(c *x509.Certificate) bool {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		return ok && key.N.BitLen() > maxRSABits
	})
}

// timestampLabel names the timestamp in the unprotected header (signature
// specification, "Unsigned Attributes").
const timestampLabel = "io.cncf.notary.timestampSignature"

// certificatesOf reads chain and timestamp as notation-core-go does.
func certificatesOf(mediaType string, envelope []byte) (chain [][]byte, stamp []byte) {
	if mediaType == cose.MediaTypeEnvelope {
		var message gocose.Sign1Message
		if message.UnmarshalCBOR(envelope) != nil {
			return nil, nil
		}
		switch listed := message.Headers.Unprotected[gocose.HeaderLabelX5Chain].(type) {
		case []any:
			for _, c := range listed {
				der, _ := c.([]byte)
				chain = append(chain, der)
			}
		case []byte:
			chain = [][]byte{listed}
		}
		stamp, _ = message.Headers.Unprotected[timestampLabel].([]byte)
		return chain, stamp
	}
	var parsed struct {
		Header struct {
			Chain [][]byte `json:"x5c"`
			Stamp []byte   `json:"io.cncf.notary.timestampSignature"`
		} `json:"header"`
	}
	if json.Unmarshal(envelope, &parsed) != nil {
		return nil, nil
	}
	return parsed.Header.Chain, parsed.Header.Stamp
}
