package ca

import (
	"context"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/notaryproject/tspclient-go"
)

// TSA is an RFC 3161 timestamp authority: over HTTP as an [http.Handler], and in the process as a
// [tspclient.Timestamper]. Its chain must hold at the time it stamps and, since the library that encodes tokens also
// notes the time of encoding, now.
type TSA struct {
	Identity

	now func() time.Time
}

// TSA issues a certificate that signs timestamps and nothing else, and sets up the authority that holds it, with the
// clock of this machine. Default: ten years.
func (ca *CA) TSA(opts Options) (*TSA, error) {
	timeStampingOnly, err := criticalTimeStamping()
	if err != nil {
		return nil, err
	}
	id, err := issue(opts, role{
		commonName: "SKAO Timestamp Authority",
		lifetime:   3650 * day,
		extra:      []pkix.Extension{timeStampingOnly},
	}, ca)
	if err != nil {
		return nil, err
	}
	return &TSA{Identity: id, now: time.Now}, nil
}

// criticalTimeStamping is the extended key usage that RFC 3161 asks for. Go would leave it uncritical.
func criticalTimeStamping() (pkix.Extension, error) {
	value, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("encoding the key usage of a timestamp authority: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: value}, nil
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
	_, _ = w.Write(answer) // the client left: nobody to tell
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
