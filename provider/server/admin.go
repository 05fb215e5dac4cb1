package server

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// admin serves health, readiness and metrics over plain HTTP, and at / says where they are.
func (s *Server) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	list := []string{
		"/healthz  whether the process runs",
		"/readyz   whether requests should come here, and what is wrong with files",
	}
	if s.options.Metrics != nil {
		mux.Handle("GET /metrics", s.options.Metrics)
		list = append(list, "/metrics  for Prometheus")
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, list...) })
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusNotFound, append([]string{"not found; there are:"}, list...)...)
	})
	return mux
}

// readyz answers 503 only when requests should go elsewhere. A source that
// cannot be reloaded is named and leaves us ready: its last good version is still in force.
// It is broken for every replica at the same time, and without ready replicas a misspelt
// file would become a cluster that admits nothing.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	status, lines := http.StatusOK, []string{"ok"}
	if s.draining.Load() {
		status, lines = http.StatusServiceUnavailable, []string{"not ready: draining"}
	}
	for _, source := range s.options.Sources() {
		if source.Err != nil {
			lines = append(lines, fmt.Sprintf("reload failing since %s, what was read before stays in force: %s: %s",
				source.Since.UTC().Format(time.RFC3339), source.Source, oneLine(source.Err.Error())))
		}
		for _, note := range source.Notes {
			lines = append(lines, fmt.Sprintf("note: %s: %s", source.Source, oneLine(note)))
		}
	}
	say(w, status, lines...)
}

func say(w http.ResponseWriter, status int, lines ...string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, strings.Join(lines, "\n")+"\n") // an error means that the client has gone
}

func oneLine(s string) string { return printable.Text(strings.Join(strings.Fields(s), " ")) }
