package tracing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// name is the instrumentation scope, and the service where OTEL_SERVICE_NAME names none.
const name = "notation-provider"

// Tracer starts spans. A nil Tracer starts none, and wraps nothing.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New returns a tracer that exports to the collector; nil where s is nil. Close it to export what is left. What the SDK has to
// say goes to log.
func New(ctx context.Context, s *Settings, version string, log *slog.Logger) (*Tracer, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // a nil tracer is one that is off
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.WarnContext(ctx, "tracing warning", "error", err) }))
	exporter, err := otlptrace.New(ctx, newUploader(*s, version, log))
	if err != nil {
		return nil, err
	}
	of, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", name), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, errors.Join(errors.New("OTEL_RESOURCE_ATTRIBUTES cannot be read; write key=value,key=value"), err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(of))
	return &Tracer{provider: p, tracer: p.Tracer(name, trace.WithInstrumentationVersion(version))}, nil
}

// Close exports what is left, for at most within.
func (t *Tracer) Close(within time.Duration) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the log has it already
}

// start starts the span of a step within the process.
func (t *Tracer) start(ctx context.Context, step string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, step, trace.WithAttributes(attributes...))
}

// The keys of attributes.
const (
	keyImage      = attribute.Key("notation.image")
	keyDigest     = attribute.Key("notation.digest")
	keyPolicy     = attribute.Key("notation.policy")
	keyReason     = attribute.Key("notation.reason")
	keyCause      = attribute.Key("notation.cause")
	keyRequest    = attribute.Key("notation.request")
	keySignatures = attribute.Key("notation.signatures")
	keyHit        = attribute.Key("notation.hit")
	keyKeys       = attribute.Key("notation.keys")
	keyGood       = attribute.Key("notation.verified")
	keyRefused    = attribute.Key("notation.refused")
	keyUndecided  = attribute.Key("notation.undecided")
)

// imageOf is the image as the log has it: printable, and of bounded length.
func imageOf(image provider.Image) attribute.KeyValue {
	return keyImage.String(printable.Brief(image.String(), logging.MaxImage))
}

// end ends a span; an error makes it one that failed, with its cause alone.
func end(span trace.Span, err error) {
	switch {
	case errors.Is(err, provider.ErrNotFound):
		span.SetAttributes(keyReason.String(string(provider.NotFound)))
	case err != nil:
		cause := string(provider.AsUndecided(err).Cause)
		span.SetAttributes(keyCause.String(cause))
		span.SetStatus(codes.Error, cause)
	}
	span.End()
}

// endVerdict ends the span of a verdict, or of the error in its place.
func endVerdict(span trace.Span, verdict *provider.Verdict, err error) {
	if err == nil {
		span.SetAttributes(keyReason.String(string(verdict.Reason)))
		if digest := verdict.Image.Digest; digest != "" {
			span.SetAttributes(keyDigest.String(string(digest)))
		}
	}
	end(span, err)
}
