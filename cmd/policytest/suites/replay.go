package suites

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
)

// maxRequest bounds a request's body in bytes.
const maxRequest = 16 << 20

// ReplayServer is a provider that gives the recorded answers of the scenes that are open. It is a real server with TLS on
// loopback, so that Gatekeeper's client gets recorded answers on the way that live ones take.
type ReplayServer struct {
	url    string
	ca     []byte
	server *http.Server

	mu     sync.Mutex
	opened int
	scenes map[string]*verdicts.Scene
}

// StartReplay makes a server, which serves until it is closed.
func StartReplay() (*ReplayServer, error) {
	certificate, ca, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("making the recorded provider's certificate: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the recorded provider's port: %w", err)
	}
	s := &ReplayServer{url: "https://" + listener.Addr().String(), ca: ca, scenes: map[string]*verdicts.Scene{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{scene}/{provider}", s.answer)
	s.server = &http.Server{
		Handler:           mux,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // a client that leaves is no news
	}
	go func() { _ = s.server.ServeTLS(listener, "", "") }() // it ends when it is closed
	return s, nil
}

// Close ends the server and every connection.
func (s *ReplayServer) Close() { _ = s.server.Close() }

// CA vouches for the server, as PEM.
func (s *ReplayServer) CA() []byte { return s.ca }

// open serves a scene. The URLs of its providers belong to it until it is closed.
func (s *ReplayServer) open(scene *verdicts.Scene) *openScene {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	o := &openScene{s, strconv.Itoa(s.opened)}
	s.scenes[o.id] = scene
	return o
}

// Open serves a scene, and returns a provider's URL until closeScene is called.
func (s *ReplayServer) Open(scene *verdicts.Scene) (urlOf func(provider string) string, closeScene func()) {
	o := s.open(scene)
	return o.urlOf, o.close
}

// openScene is a scene that is served.
type openScene struct {
	server *ReplayServer
	id     string
}

func (o *openScene) urlOf(provider string) string {
	return o.server.url + "/" + o.id + "/" + url.PathEscape(provider)
}

// play serves another scene at the same URLs.
func (o *openScene) play(scene *verdicts.Scene) {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	o.server.scenes[o.id] = scene
}

func (o *openScene) close() {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	delete(o.server.scenes, o.id)
}

func (s *ReplayServer) scene(id string) (*verdicts.Scene, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if scene, ok := s.scenes[id]; ok {
		return scene, nil
	}
	return nil, errors.New("the scene is over")
}

func (s *ReplayServer) answer(w http.ResponseWriter, r *http.Request) {
	scene, err := s.scene(r.PathValue("scene"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	var request externaldata.ProviderRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response := scene.Respond(r.PathValue("provider"), request.Request.Keys)
	if response.Cut {
		panic(http.ErrAbortHandler) // the server's way to close a connection without a word
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(response.Status)
	_, _ = w.Write(response.Body) // it fails if the client has gone
}
