// Package unverified reads signatures on images within the provider's bounds, and verifies none. Anybody who may push can
// make one, and its contents decide what reading it costs.
package unverified

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/provider/envelope" // and for [signature.ParseEnvelope]
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// MaxBytes is the size of the largest envelope that is read, as it is by default for the provider. Honest ones have 20 KiB.
const MaxBytes = 128 << 10

// ErrTooLarge says that an envelope is not read, since it is, or holds, more than an honest one.
var ErrTooLarge = errors.New("it is too large to be read")

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

// Read reads an envelope. It fails with [ErrTooLarge] before anything is computed with a key in it.
func Read(mediaType string, raw []byte) (*Envelope, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, and %d are the most", ErrTooLarge, len(raw), MaxBytes)
	}
	contents, err := envelope.Open(mediaType, raw)
	switch {
	case errors.Is(err, envelope.ErrTooComplex):
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case err != nil:
		return &Envelope{Err: err}, nil // notation would not read it either
	case len(contents.Chain) > keysize.MaxCertificates:
		return nil, fmt.Errorf("%w: it holds %d certificates, and %d are the most", ErrTooLarge, len(contents.Chain), keysize.MaxCertificates)
	}
	e := &Envelope{}
	for _, der := range contents.Chain {
		if cert, err := x509.ParseCertificate(der); err == nil {
			e.Chain = append(e.Chain, cert)
		}
	}
	if len(contents.Timestamp) > 0 {
		e.Stamp, e.StampErr = tspclient.ParseSignedToken(contents.Timestamp)
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
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
