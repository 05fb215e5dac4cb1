package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// uploader posts spans to the collector: OTLP/HTTP with binary Protobuf. It is an otlptrace.Client. OpenTelemetry's own client
// links gRPC, which is two thirds of what traces would add to the binary. A request that fails is not made again: its spans are
// lost, and the log says so once.
type uploader struct {
	settings Settings
	agent    string
	client   *http.Client
	log      *slog.Logger
	failing  atomic.Bool
}

func newUploader(s Settings, version string, log *slog.Logger) *uploader {
	return &uploader{settings: s, agent: name + "/" + version, log: log, client: &http.Client{
		// The collector is the administrator's choice, as a proxy is: no address is forbidden.
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: s.TLS, ForceAttemptHTTP2: true,
			MaxIdleConns: 1, MaxConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10,
		},
		// The headers may hold a credential, which goes to no other host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Start implements otlptrace.Client.
func (*uploader) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (u *uploader) Stop(context.Context) error {
	u.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. It logs the first failure in a row, and the success after it.
func (u *uploader) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	err := u.post(ctx, spans)
	if failed := err != nil; u.failing.Swap(failed) != failed {
		if failed {
			u.log.WarnContext(ctx, "trace export failed", "host", u.settings.Endpoint.Host, "error", err)
		} else {
			u.log.InfoContext(ctx, "trace export works again", "host", u.settings.Endpoint.Host)
		}
	}
	return nil // the SDK would print it past the log
}

func (u *uploader) post(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	ctx, cancel := context.WithTimeout(ctx, u.settings.Timeout)
	defer cancel()
	// An ExportTraceServiceRequest and TracesData are the same bytes. The package of the former links gRPC.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	if u.settings.Gzip {
		body = compress(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.settings.Endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = u.settings.Headers.Clone()
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("User-Agent", u.agent)
	if u.settings.Gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := u.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.CopyN(io.Discard, response.Body, 64<<10); err != nil && err != io.EOF { //nolint:errorlint // CopyN returns it as it is
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %s", response.Status)
	}
	return nil
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}
