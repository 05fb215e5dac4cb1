package rig

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newAnswer() *answer {
	return &answer{header: http.Header{}, status: http.StatusOK}
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// length is that of the body, or of the body that a HEAD leaves out; -1 where that is not told.
func (a *answer) length(method string) int64 {
	if method != http.MethodHead {
		return int64(a.body.Len())
	}
	told, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return told
}

// loopback is a client's transport straight into a handler: past the network, and so past the fault injector in front of it.
type loopback struct {
	handler http.Handler
}

func (d loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	kept := newAnswer()
	d.handler.ServeHTTP(kept, received(r))
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		Status:        http.StatusText(kept.status),
		StatusCode:    kept.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        kept.header,
		Body:          io.NopCloser(&kept.body),
		ContentLength: kept.length(r.Method),
		Request:       r,
	}, nil
}

// received is the request as a server would see it.
func received(r *http.Request) *http.Request {
	in := r.Clone(r.Context())
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if r.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{}
	}
	return in
}
