// Package apitest plays a Kubernetes API server in tests: over HTTPS, with lists in pages, for one token.
package apitest

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Token is the one that the server takes.
const Token = "secret-token"

// Server plays an API server. Its lists may be changed before it is asked.
type Server struct {
	// Lists are the objects of each resource, by its path. What has none is not found.
	Lists map[string][]map[string]any
	// PageSize is how many objects a page has at most; 0 for as many as are asked for.
	PageSize int
	// Fault answers in place of the server where it returns true.
	Fault func(w http.ResponseWriter, r *http.Request) bool
	// Folder has the service account, as it is mounted.
	Folder string

	mu    sync.Mutex
	asked []string
}

// Start starts a server, and sets the environment of a pod in its cluster.
func Start(t *testing.T) *Server {
	t.Helper()
	s := &Server{Lists: map[string][]map[string]any{}, Folder: t.TempDir()}
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, text := range map[string][]byte{"token": []byte(Token + "\n"), "ca.crt": authority} {
		if err := os.WriteFile(filepath.Join(s.Folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	t.Setenv("KUBERNETES_SERVICE_HOST", host)
	t.Setenv("KUBERNETES_SERVICE_PORT", port)
	return s
}

// Asked are the requests so far: the method and the URI.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.RequestURI)
	s.mu.Unlock()
	if s.Fault != nil && s.Fault(w, r) {
		return
	}
	all, known := s.Lists[r.URL.Path]
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Token:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case !known:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	size, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if s.PageSize > 0 {
		size = min(size, s.PageSize)
	}
	end, metadata := min(from+size, len(all)), map[string]any{"resourceVersion": "7"}
	if end < len(all) {
		metadata["continue"] = strconv.Itoa(end)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": append([]map[string]any{}, all[from:end]...)})
}
