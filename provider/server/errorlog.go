package server

import (
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Failed handshakes cost a stranger nothing, so what they can make us write is
// bounded.
const (
	logWindow = 10 * time.Second
	logLines  = 20
	logBytes  = 500 // a line
)

// errorLog puts the lines that net/http writes about connections into our log,
// a bounded number of them.
type errorLog struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	ends    time.Time // of the window that is counted
	lines   int
	dropped int
}

func newErrorLog(to *slog.Logger, now func() time.Time) *log.Logger {
	return log.New(&errorLog{log: to, now: now}, "", 0)
}

// Write takes one line, as a [log.Logger] gives it.
func (l *errorLog) Write(line []byte) (int, error) {
	if !l.room() {
		return len(line), nil
	}
	text := short(strings.TrimSpace(string(line)))
	if failure, ok := strings.CutPrefix(text, "http: TLS handshake error from "); ok {
		remote, reason, _ := strings.Cut(failure, ": ")
		l.log.Info("TLS handshake failed", "remote", remote, "reason", inWords(reason))
	} else {
		l.log.Warn("http server", "message", text)
	}
	return len(line), nil
}

// short cuts what a stranger may have written a certificate to fill.
func short(text string) string {
	if len(text) <= logBytes {
		return text
	}
	return strings.ToValidUTF8(text[:logBytes], "") + "…"
}

// room tells whether another line may be written, and says first how many could
// not.
func (l *errorLog) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); !now.Before(l.ends) {
		if l.dropped > 0 {
			l.log.Warn("more connections failed than were logged", "leftOut", l.dropped)
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

// inWords adds to the reasons that are met most what they mean here. What it
// does not know it leaves as it is.
func inWords(reason string) string {
	for _, known := range []struct{ part, meaning string }{
		{"incompatible key usage", "the client's certificate is not for client authentication"},
		{"signed by unknown authority", "the client's certificate comes from none of the authorities in clientCAFile"},
		{"didn't provide a certificate", "the client must have a certificate"},
		{"unsupported versions", "the client must speak TLS 1.3"},
		{"HTTP request to an HTTPS server", "the client must speak TLS"},
		{"use of closed network connection", "it was closed for a newer connection, or for the end of the server"},
		{"EOF", "the client hung up, as port probes do"},
		{"i/o timeout", "the client took too long"},
		{"remote error: tls:", "the client does not accept our certificate"},
	} {
		if strings.Contains(reason, known.part) {
			return known.meaning + " (" + reason + ")"
		}
	}
	return reason
}
