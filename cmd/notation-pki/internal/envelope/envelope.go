// Package envelope reads signatures on images within bounds: anybody who may push can make one, and its contents decide what
// reading it costs.
package envelope

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws" // for [signature.ParseEnvelope]
	"github.com/notaryproject/tspclient-go"
	gocose "github.com/veraison/go-cose"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// MaxBytes is the size of the largest envelope that is read. Honest ones have 20 KiB. What CBOR and BER become in memory is
// a hundred times their size.
const MaxBytes = 128 << 10

// ErrOutsize says that an envelope is not read, since it is, or holds, more than an honest one.
var ErrOutsize = errors.New("it is too large to be read")

// Envelope is an envelope as far as it can be read. Nothing in it is verified.
type Envelope struct {
	// Chain are the certificates of the signer, those left out that cannot be read.
	Chain []*x509.Certificate

	// Stamp is the timestamp; nil if there is none, or none that can be read.
	Stamp *tspclient.SignedToken

	// StampErr tells why there is no Stamp, although there is a timestamp.
	StampErr error

	// Content is what notation reads; nil if it refuses the envelope, and Err tells why.
	Content *signature.EnvelopeContent
	Err     error
}

// Read reads an envelope. It fails with [ErrOutsize] before anything is computed with a key in it.
func Read(mediaType string, raw []byte) (*Envelope, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, and %d are the most", ErrOutsize, len(raw), MaxBytes)
	}
	chain, stamp := parts(mediaType, raw)
	if len(chain) > keysize.MaxCertificates {
		return nil, fmt.Errorf("%w: it holds %d certificates, and %d are the most", ErrOutsize, len(chain), keysize.MaxCertificates)
	}
	e := &Envelope{}
	for _, der := range chain {
		if cert, err := x509.ParseCertificate(der); err == nil {
			e.Chain = append(e.Chain, cert)
		}
	}
	if len(stamp) > 0 {
		e.Stamp, e.StampErr = tspclient.ParseSignedToken(stamp)
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOutsize, err)
	}
	parsed, err := signature.ParseEnvelope(mediaType, raw)
	if err != nil {
		e.Err = fmt.Errorf("the envelope cannot be read: %w", err)
	} else if e.Content, err = parsed.Content(); err != nil {
		e.Content, e.Err = nil, fmt.Errorf("notation refuses the envelope: %w", err)
	}
	return e, nil
}

func (e *Envelope) check() error {
	if err := keysize.CheckChain(e.Chain); err != nil || e.Stamp == nil {
		return err
	}
	if len(e.Stamp.SignerInfos) > 1 {
		return errors.New("its timestamp has more than one signature") // one is what RFC 3161 section 2.4.2 allows
	}
	return keysize.CheckChain(e.Stamp.Certificates)
}

// stampLabel names the timestamp in the unprotected header (signature specification, "Unsigned Attributes").
const stampLabel = "io.cncf.notary.timestampSignature"

// parts are the signer's certificates, in DER, and the timestamp.
func parts(mediaType string, raw []byte) (chain [][]byte, stamp []byte) {
	if mediaType == cose.MediaTypeEnvelope {
		var message gocose.Sign1Message
		if message.UnmarshalCBOR(raw) != nil {
			return nil, nil
		}
		stamp, _ = message.Headers.Unprotected[stampLabel].([]byte)
		return x5chain(message.Headers.Unprotected[gocose.HeaderLabelX5Chain]), stamp
	}
	var message struct {
		Header struct {
			Chain [][]byte `json:"x5c"`
			Stamp []byte   `json:"io.cncf.notary.timestampSignature"`
		} `json:"header"`
	}
	if json.Unmarshal(raw, &message) != nil {
		return nil, nil
	}
	return message.Header.Chain, message.Header.Stamp
}

// x5chain is a list or, of one certificate, that alone (RFC 9360 section 2).
func x5chain(header any) [][]byte {
	var chain [][]byte
	switch header := header.(type) {
	case []byte:
		chain = [][]byte{header}
	case []any:
		for _, der := range header {
			der, _ := der.([]byte)
			chain = append(chain, der)
		}
	}
	return chain
}
