package rig

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"golang.org/x/crypto/ocsp"
)

// maxRequestBytes bounds what an OCSP client or a timestamp client may send; real requests hold some hundred bytes.
const maxRequestBytes = 64 << 10

// OCSPHandler answers OCSP requests, by POST at any path, and by GET with the request as all that follows the first
// slash. Mount it with [http.StripPrefix], but not below an [http.ServeMux]. That makes one slash of two in a row,
// which a request in base64 may hold. The CA signs the answers itself.
func (l *RevocationServer) OCSPHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/ocsp-response")
		_, _ = w.Write(l.answerOCSP(r)) // an error means that the client left
	})
}

// answerOCSP answers every request, a malformed one by an OCSP error.
func (l *RevocationServer) answerOCSP(r *http.Request) []byte {
	der, err := readOCSPRequest(r)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse
	}
	request, err := ocsp.ParseRequest(der)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse
	}
	if !issuedBy(l.issuer.Cert, request) {
		return ocsp.UnauthorizedErrorResponse
	}
	response := ocsp.Response{SerialNumber: request.SerialNumber, IssuerHash: request.HashAlgorithm}
	l.status(&response)
	signer, key := l.signer()
	if signer != l.issuer.Cert {
		response.Certificate = signer
	}
	answer, err := ocsp.CreateResponse(l.issuer.Cert, signer, response, key)
	if err != nil {
		return ocsp.InternalErrorErrorResponse
	}
	return answer
}

// signer is who signs the responses.
func (l *RevocationServer) signer() (*x509.Certificate, crypto.Signer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.responder != nil {
		return l.responder.Cert, l.responder.Key
	}
	return l.issuer.Cert, l.issuer.Key
}

func readOCSPRequest(r *http.Request) ([]byte, error) {
	switch r.Method {
	case http.MethodPost:
		return io.ReadAll(io.LimitReader(r.Body, maxRequestBytes))
	case http.MethodGet:
		return base64.StdEncoding.DecodeString(strings.TrimPrefix(r.URL.Path, "/"))
	}
	return nil, errors.New("neither GET nor POST")
}

// issuedBy tells whether the request is about a certificate of this CA: another CA may have used the same serial.
func issuedBy(issuer *x509.Certificate, request *ocsp.Request) bool {
	der, err := ocsp.CreateRequest(issuer, issuer, &ocsp.RequestOptions{Hash: request.HashAlgorithm})
	if err != nil {
		return false
	}
	own, err := ocsp.ParseRequest(der)
	return err == nil && bytes.Equal(own.IssuerNameHash, request.IssuerNameHash) && bytes.Equal(own.IssuerKeyHash, request.IssuerKeyHash)
}
