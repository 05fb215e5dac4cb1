package server

import (
	"log"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Failed handshakes cost an attacker nothing, so the lines about them are bounded.
const (
	logWindow = 10 * time.Second
	logLines  = 20
	logBytes  = 500 // a line
)

// errorLog writes the lines of net/http about connections to our log, at most logLines
// in a logWindow.
type errorLog struct {
	log *slog.Logger
	now func() time.Time
	// failed is called with the cause of each failed handshake, logged or not.
	failed func(cause string)

	mu      sync.Mutex
	ends    time.Time // of the window that is counted
	lines   int
	dropped int
}

func newErrorLog(to *slog.Logger, now func() time.Time, failed func(cause string)) *log.Logger {
	return log.New(&errorLog{log: to, now: now, failed: failed}, "", 0)
}

// Write takes one line, as a [log.Logger] gives it.
func (l *errorLog) Write(line []byte) (int, error) {
	text := printable.Cut(strings.TrimSpace(string(line)), logBytes)
	failure, handshake := strings.CutPrefix(text, "http: TLS handshake error from ")
	remote, reason, _ := strings.Cut(failure, ": ")
	cause, words := explain(reason)
	if handshake {
		l.failed(cause)
	}
	if !l.room() {
		return len(line), nil
	}
	if handshake {
		l.log.Info("TLS handshake failed", "remote", remote, "cause", cause, "error", words)
	} else {
		l.log.Warn("connection failed", "error", text)
	}
	return len(line), nil
}

// room tells whether another line may be written. It first logs how many could not be.
func (l *errorLog) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); !now.Before(l.ends) {
		if l.dropped > 0 {
			l.log.Warn("connection errors not logged", "count", l.dropped)
		}
		l.ends, l.lines, l.dropped = now.Add(logWindow), 0, 0
	}
	if l.lines == logLines {
		l.dropped++
		return false
	}
	l.lines++
	return true
}

// handshakeFault is a fault in handshakes that is met often.
type handshakeFault struct {
	// part is what the error of crypto/tls or net/http holds.
	part string
	// cause is the label of the metric.
	cause string
	// meaning is what the fault means here.
	meaning string
}

// otherFault is the cause of every fault that has none of its own.
const otherFault = "other"

func handshakeFaults() []handshakeFault {
	return []handshakeFault{
		{"not for client authentication", "certificate-usage", ""},
		{"incompatible key usage", "certificate-usage", "the client's certificate is not for client authentication"},
		{"has none of the names", "certificate-name", ""},
		{"signed by unknown authority", "unknown-authority", "the client's certificate comes from none of the authorities in clientCAFile"},
		{"certificate has expired", "certificate-expired", "the client's certificate is not valid now"},
		{"didn't provide a certificate", "no-certificate", "the client must have a certificate"},
		{"unsupported versions", "tls-version", "the client must speak TLS 1.3"},
		{"HTTP request to an HTTPS server", "not-tls", "the client must speak TLS"},
		{"use of closed network connection", "closed", "it was closed for a newer connection, or for the end of the server"},
		{"EOF", "hung-up", "the client closed the connection, as port probes do"},
		{"i/o timeout", "timeout", "the client took too long"},
		{"remote error: tls:", "our-certificate", "the client does not accept our certificate"},
	}
}

// HandshakeCauses lists the causes by which failed handshakes are counted.
func HandshakeCauses() []string {
	causes := []string{otherFault}
	for _, known := range handshakeFaults() {
		if !slices.Contains(causes, known.cause) {
			causes = append(causes, known.cause)
		}
	}
	return causes
}

// explain names the cause of a failed handshake, and adds the meaning to the most frequent errors.
func explain(reason string) (cause, words string) {
	for _, known := range handshakeFaults() {
		switch {
		case !strings.Contains(reason, known.part):
		case known.meaning == "":
			return known.cause, reason
		default:
			return known.cause, known.meaning + " (" + reason + ")"
		}
	}
	return otherFault, reason
}
