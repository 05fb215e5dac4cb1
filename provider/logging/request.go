package logging

import (
	"context"
	"crypto/rand"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

type requestKey struct{}

// NewRequest returns a context with a request id, that of ctx or else a new one, and the id.
// A [Handler] adds it to each line that is logged with the context.
func NewRequest(ctx context.Context) (withID context.Context, id string) {
	if id = request(ctx); id != "" {
		return ctx, id
	}
	id = rand.Text()[:12]
	return context.WithValue(ctx, requestKey{}, id), id
}

// ForRequest returns ctx with the request id and the trace of another context, for work that goes
// on after its request was answered.
func ForRequest(ctx, other context.Context) context.Context {
	if span := trace.SpanContextFromContext(other); span.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, span)
	}
	if id := request(other); id != "" {
		return context.WithValue(ctx, requestKey{}, id)
	}
	return ctx
}

func request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// Handler adds the request id of the context to each record, under the key "request", and where
// there is a trace, its id under the key "trace".
type Handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h Handler) Handle(ctx context.Context, record slog.Record) error {
	if id := request(ctx); id != "" {
		record.AddAttrs(slog.String("request", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return Handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h Handler) WithGroup(name string) slog.Handler { return Handler{h.Handler.WithGroup(name)} }
