package envelope

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	gocose "github.com/veraison/go-cose"
)

// Bounds on what an envelope may hold. An honest one has some 30 values, three certificates, and a timestamp of 700 elements.
const (
	// maxValues bounds the values in an envelope, JSON or CBOR, and in its protected header.
	maxValues = 512
	// maxElements bounds the elements of a timestamp token, in BER: 16 certificates have 4,000.
	maxElements = 8 << 10
	// maxDepth bounds how deep either is nested.
	maxDepth = 32
)

// timestampLabel names the timestamp in the unprotected header (signature specification, "Unsigned Attributes").
const timestampLabel = "io.cncf.notary.timestampSignature"

// Errors of [Open], to be told by [errors.Is].
var (
	// ErrFormat is an envelope that is neither JWS nor COSE.
	ErrFormat = errors.New("the envelope is neither JWS nor COSE")
	// ErrBroken is an envelope that cannot be read.
	ErrBroken = errors.New("the envelope cannot be read")
	// ErrTooComplex is an envelope, or a timestamp in it, with more values or deeper ones than is read.
	ErrTooComplex = errors.New("the envelope holds more than is read")
)

// Contents are parts of an envelope. They are not verified.
type Contents struct {
	// Chain are the certificates, as DER, from the leaf up.
	Chain [][]byte
	// Timestamp is the timestamp token, as it came; nil if there is none.
	Timestamp []byte
}

// Open counts what is in an envelope of a media type and reads its certificates and timestamp, as notation-core-go does.
func Open(mediaType string, raw []byte) (Contents, error) {
	var contents Contents
	var err error
	switch mediaType {
	case jws.MediaTypeEnvelope:
		contents, err = openJWS(raw)
	case cose.MediaTypeEnvelope:
		contents, err = openCOSE(raw)
	default:
		return Contents{}, ErrFormat
	}
	if err == nil && len(contents.Timestamp) > 0 {
		err = countBER(contents.Timestamp)
	}
	if err != nil {
		return Contents{}, err
	}
	return contents, nil
}

func openJWS(raw []byte) (Contents, error) {
	if err := countJSON(raw); err != nil {
		return Contents{}, err
	}
	var parsed struct {
		Payload   string `json:"payload"`
		Protected string `json:"protected"`
		Header    struct {
			Chain     [][]byte `json:"x5c"`
			Timestamp []byte   `json:"io.cncf.notary.timestampSignature"`
		} `json:"header"`
	}
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return Contents{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	for _, part := range []string{parsed.Protected, parsed.Payload} { // both are decoded before the signature is verified
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return Contents{}, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		if err := countJSON(text); err != nil {
			return Contents{}, err
		}
	}
	return Contents{parsed.Header.Chain, parsed.Header.Timestamp}, nil
}

func openCOSE(raw []byte) (Contents, error) {
	if err := countCBOR(raw); err != nil {
		return Contents{}, err
	}
	if err := checkLabels(raw); err != nil {
		return Contents{}, err
	}
	var message gocose.Sign1Message
	if err := message.UnmarshalCBOR(raw); err != nil {
		return Contents{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	timestamp, _ := message.Headers.Unprotected[timestampLabel].([]byte)
	return Contents{chainOf(message.Headers.Unprotected[gocose.HeaderLabelX5Chain]), timestamp}, nil
}

// chainOf reads x5chain (RFC 9360 section 2): one certificate, or several.
func chainOf(label any) (chain [][]byte) {
	switch listed := label.(type) {
	case []any:
		for _, c := range listed {
			der, _ := c.([]byte)
			chain = append(chain, der)
		}
	case []byte:
		chain = [][]byte{listed}
	}
	return chain
}
