package tracing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Settings say where spans go. The SDK itself reads OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
// OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_BSP_* and OTEL_SPAN_*.
type Settings struct {
	// Endpoint takes POST requests with spans.
	Endpoint *url.URL
	// Headers are sent with each of them; they may hold a credential.
	Headers http.Header
	// Timeout bounds one request. Default: 10 s.
	Timeout time.Duration
	// Gzip compresses what is sent.
	Gzip bool
	// TLS has the CA and the client certificate, where they are given.
	TLS *tls.Config
}

// The specification's defaults.
const (
	defaultEndpoint = "http://localhost:4318"
	tracesPath      = "/v1/traces"
	defaultTimeout  = 10 * time.Second
)

// maxFile bounds a certificate file, in bytes.
const maxFile = 1 << 20

// FromEnvironment reads the variables of OpenTelemetry's specification ("OTLP exporter configuration"), each
// OTEL_EXPORTER_OTLP_TRACES_* before its OTEL_EXPORTER_OTLP_*. It returns nil where traces are off: where neither
// OTEL_TRACES_EXPORTER nor an endpoint is set, or OTEL_SDK_DISABLED is true. This default differs from the specification's,
// which sends to localhost. Its error names the variable, and never repeats a header.
func FromEnvironment(getenv func(string) string) (*Settings, error) {
	e := environment{getenv: getenv}
	switch exporter := getenv("OTEL_TRACES_EXPORTER"); {
	case strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || exporter == "none":
		return nil, nil //nolint:nilnil // traces are off, as documented
	case exporter == "" && e.get("ENDPOINT") == "":
		return nil, nil //nolint:nilnil // traces are off, as documented
	case exporter != "" && exporter != "otlp":
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER is %q; set otlp or none", exporter)
	}
	if protocol := e.get("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("%s is %q; only http/protobuf is supported, which collectors take on port 4318", e.name("PROTOCOL"), protocol)
	}
	s := &Settings{
		Endpoint: e.endpoint(), Headers: e.headers(), Timeout: e.timeout(), Gzip: e.compression(),
		TLS: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	e.certificates(s.TLS)
	e.sampler()
	e.numbers()
	return s, errors.Join(e.problems...)
}

// environment reads variables, and notes all that is wrong with them.
type environment struct {
	getenv   func(string) string
	problems []error
}

const (
	forTraces = "OTEL_EXPORTER_OTLP_TRACES_"
	forAll    = "OTEL_EXPORTER_OTLP_"
)

// name is the variable that decides.
func (e *environment) name(what string) string {
	if e.getenv(forTraces+what) != "" {
		return forTraces + what
	}
	return forAll + what
}

func (e *environment) get(what string) string { return e.getenv(e.name(what)) }

func (e *environment) wrong(what, format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf("%s %s", e.name(what), fmt.Sprintf(format, args...)))
}

// endpoint is the URL for traces as it is written, or that for all signals with /v1/traces added.
func (e *environment) endpoint() *url.URL {
	text := e.get("ENDPOINT")
	if text == "" {
		text = defaultEndpoint
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		e.wrong("ENDPOINT", "is not the http or https URL of a collector, such as https://collector:4318")
		return nil
	}
	if u.User != nil {
		e.wrong("ENDPOINT", "has a user name in it; give credentials in %s", forAll+"HEADERS")
	}
	if e.name("ENDPOINT") == forAll+"ENDPOINT" {
		u.Path = strings.TrimSuffix(u.Path, "/") + tracesPath
	}
	return u
}

// headers are written as "key=value,key=value", percent-encoded (W3C Baggage).
func (e *environment) headers() http.Header {
	headers := http.Header{}
	for pair := range strings.SplitSeq(e.get("HEADERS"), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !found || key == "" || err != nil {
			e.wrong("HEADERS", "is not of the form key=value,key=value")
			return nil
		}
		headers.Set(key, value)
	}
	return headers
}

// timeout is written in milliseconds.
func (e *environment) timeout() time.Duration {
	text := e.get("TIMEOUT")
	if text == "" {
		return defaultTimeout
	}
	ms, err := strconv.ParseUint(text, 10, 31)
	if err != nil || ms == 0 {
		e.wrong("TIMEOUT", "is %q; give a number of milliseconds, such as 10000", text)
	}
	return time.Duration(ms) * time.Millisecond
}

func (e *environment) compression() bool {
	switch text := e.get("COMPRESSION"); text {
	case "", "none":
		return false
	case "gzip":
		return true
	default:
		e.wrong("COMPRESSION", "is %q; set gzip or none", text)
		return false
	}
}

// sampler looks at what the SDK reads by itself: it would take every trace where the sampler is not one that it knows.
func (e *environment) sampler() {
	sampler := strings.ToLower(strings.TrimSpace(e.getenv("OTEL_TRACES_SAMPLER")))
	switch sampler {
	case "", "always_on", "always_off", "parentbased_always_on", "parentbased_always_off":
	case "traceidratio", "parentbased_traceidratio":
		text := strings.TrimSpace(e.getenv("OTEL_TRACES_SAMPLER_ARG"))
		if ratio, err := strconv.ParseFloat(text, 64); text != "" && (err != nil || !(ratio >= 0 && ratio <= 1)) {
			e.problems = append(e.problems, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q; give a number from 0 to 1, such as 0.1", text))
		}
	default:
		e.problems = append(e.problems, fmt.Errorf("OTEL_TRACES_SAMPLER is %q; set one of always_on, always_off, traceidratio, "+
			"parentbased_always_on, parentbased_always_off and parentbased_traceidratio", sampler))
	}
}

// numbers looks at those that the SDK reads by itself: it would go by its defaults.
func (e *environment) numbers() {
	for _, name := range []string{
		"OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT",
		"OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
	} {
		text := e.getenv(name)
		if _, err := strconv.Atoi(strings.TrimSpace(text)); text != "" && err != nil {
			e.problems = append(e.problems, fmt.Errorf("%s is %q; give a whole number", name, text))
		}
	}
}

// certificates reads the CA that the collector must have, in place of the system's, and the client certificate.
func (e *environment) certificates(c *tls.Config) {
	if file := e.get("CERTIFICATE"); file != "" {
		pem, err := regularfile.Read(file, maxFile)
		if err != nil {
			e.wrong("CERTIFICATE", "cannot be read: %v", err)
			return
		}
		cas, err := certfile.Parse(pem)
		if err != nil {
			e.wrong("CERTIFICATE", "names %s: %v", file, err)
		}
		c.RootCAs = x509.NewCertPool()
		for _, ca := range cas {
			c.RootCAs.AddCert(ca)
		}
	}
	certFile, keyFile := e.get("CLIENT_CERTIFICATE"), e.get("CLIENT_KEY")
	if certFile == "" && keyFile == "" {
		return
	}
	pem, err := regularfile.Read(certFile, maxFile)
	if err != nil {
		e.wrong("CLIENT_CERTIFICATE", "cannot be read: %v", err)
		return
	}
	key, err := regularfile.Read(keyFile, maxFile)
	if err != nil {
		e.wrong("CLIENT_KEY", "cannot be read: %v", err)
		return
	}
	pair, err := tls.X509KeyPair(pem, key)
	if err != nil {
		e.wrong("CLIENT_CERTIFICATE", "does not fit the key: %v", err)
		return
	}
	c.Certificates = []tls.Certificate{pair}
}
