package rig

import (
	"context"
	"crypto"
	"encoding/asn1"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// TSA is an RFC 3161 timestamp authority: over HTTP as an [http.Handler], and in the process as a
// [tspclient.Timestamper]. Its chain must hold at the time it stamps and, since the library that encodes tokens also
// notes the time of encoding, now.
type TSA struct {
	ca.Identity

	now func() time.Time
}

// NewTSA has the CA issue a certificate that signs timestamps, and sets up the authority that holds it, with the clock
// of this machine. Default: ten years.
func NewTSA(issuer *ca.CA, opts ca.Options) (*TSA, error) {
	id, err := issuer.TSA(opts)
	if err != nil {
		return nil, err
	}
	return &TSA{Identity: *id, now: time.Now}, nil
}

// At is the same authority with its clock stopped at t.
func (t *TSA) At(at time.Time) *TSA {
	return &TSA{Identity: t.Identity, now: func() time.Time { return at }}
}

// Timestamp stamps a request, as [tspclient.Timestamper] asks. It fails where the answer does not fit the request.
func (t *TSA) Timestamp(_ context.Context, request *tspclient.Request) (*tspclient.Response, error) {
	der, err := request.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encoding the timestamp request: %w", err)
	}
	answer, err := t.respond(der)
	if err != nil {
		return nil, err
	}
	var response tspclient.Response
	if err := response.UnmarshalBinary(answer); err != nil {
		return nil, fmt.Errorf("reading the timestamp: %w", err)
	}
	if err := response.Validate(request); err != nil {
		return nil, fmt.Errorf("checking the timestamp: %w", err)
	}
	return &response, nil
}

// ServeHTTP answers RFC 3161 requests by POST, at any path.
func (t *TSA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != tspclient.MediaTypeTimestampQuery {
		http.Error(w, "want a POST of "+tspclient.MediaTypeTimestampQuery, http.StatusUnsupportedMediaType)
		return
	}
	request, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := t.respond(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", tspclient.MediaTypeTimestampReply)
	_, _ = w.Write(answer) // an error means that the client left
}

// respond answers a request in DER with a response in DER, which may be a rejection.
func (t *TSA) respond(der []byte) ([]byte, error) {
	request, err := timestamp.ParseRequest(der)
	if err != nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadDataFormat)
	}
	if !request.HashAlgorithm.Available() {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadAlgorithm)
	}
	stamp := timestamp.Timestamp{
		HashAlgorithm:     request.HashAlgorithm,
		HashedMessage:     request.HashedMessage,
		Time:              t.now().UTC().Truncate(time.Second),
		Accuracy:          time.Second,
		Policy:            policy(request),
		Nonce:             request.Nonce,
		Certificates:      t.Chain[1:],
		AddTSACertificate: request.Certificates,
	}
	answer, err := stamp.CreateResponseWithOpts(t.Cert, t.Key, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("encoding the timestamp: %w", err)
	}
	return answer, nil
}

// policy is the one the client asks for or ETSI's baseline policy for timestamps (EN 319 421).
func policy(request *timestamp.Request) asn1.ObjectIdentifier {
	if len(request.TSAPolicyOID) > 0 {
		return request.TSAPolicyOID
	}
	return asn1.ObjectIdentifier{0, 4, 0, 2023, 1, 1}
}
