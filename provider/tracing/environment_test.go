package tracing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/tracing"
)

// environment is one, as text.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// Traces are off until the environment asks for them.
func TestTracesAreOff(t *testing.T) {
	t.Parallel()
	for _, e := range []environment{
		{},
		{"OTEL_SERVICE_NAME": "x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318"},
	} {
		if s, err := tracing.FromEnvironment(e.get); s != nil || err != nil {
			t.Errorf("%v: %+v %v", e, s, err)
		}
	}
}

func TestEndpointOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  environment
		want string
	}{
		{environment{"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces"},
		{environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318"}, "https://collector:4318/v1/traces"},
		{environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector/otlp/"}, "https://collector/otlp/v1/traces"},
		{environment{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/spans", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://other"}, "https://collector/spans"},
	} {
		s, err := tracing.FromEnvironment(c.set.get)
		if err != nil {
			t.Errorf("%v: %v", c.set, err)
		} else if got := s.Endpoint.String(); got != c.want || s.Timeout != 10*time.Second {
			t.Errorf("%v: %s within %v, want %s", c.set, got, s.Timeout, c.want)
		}
	}
}

// Everything that is wrong is named by its variable, and no header is repeated.
func TestWrongEnvironment(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const on = "OTEL_TRACES_EXPORTER"
	for _, c := range []struct {
		set  environment
		want string
	}{
		{environment{on: "zipkin"}, `OTEL_TRACES_EXPORTER is "zipkin"; set otlp or none`},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; only http/protobuf`},
		{environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT is not the http or https URL"},
		{environment{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not the http or https URL"},
		{environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:secret@collector"}, "has a user name in it"},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "OTEL_EXPORTER_OTLP_HEADERS is not of the form"},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_HEADERS": "a=secret%zz"}, "OTEL_EXPORTER_OTLP_HEADERS is not of the form"},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, `OTEL_EXPORTER_OTLP_TIMEOUT is "10s"; give a number of milliseconds`},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "0"}, "give a number of milliseconds"},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"}, `OTEL_EXPORTER_OTLP_COMPRESSION is "zstd"; set gzip or none`},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/dev/null"}, "OTEL_EXPORTER_OTLP_CERTIFICATE cannot be read"},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_CERTIFICATE": text}, "OTEL_EXPORTER_OTLP_CERTIFICATE names " + text},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_CLIENT_KEY": text}, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE cannot be read"},
		{environment{on: "otlp", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": text, "OTEL_EXPORTER_OTLP_CLIENT_KEY": text}, "does not fit the key"},
		{environment{on: "otlp", "OTEL_TRACES_SAMPLER": "alwayson"}, `OTEL_TRACES_SAMPLER is "alwayson"; set one of always_on`},
		{environment{on: "otlp", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10%"}, `OTEL_TRACES_SAMPLER_ARG is "10%"; give a number from 0 to 1`},
		{environment{on: "otlp", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, "give a number from 0 to 1"},
		{environment{on: "otlp", "OTEL_BSP_SCHEDULE_DELAY": "5s"}, `OTEL_BSP_SCHEDULE_DELAY is "5s"; give a whole number`},
	} {
		_, err := tracing.FromEnvironment(c.set.get)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v, want %s", c.set, err, c.want)
		}
	}
}
