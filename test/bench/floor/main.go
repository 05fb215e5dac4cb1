// Command floor is what an answer costs anyhow: the server's own mutual TLS door,
// and behind it a handler that decodes the request and encodes a constant. The
// bench holds the real server against it. It links what that takes and no more, so
// its memory and its start are a floor too.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// run serves from a folder that holds tls.crt, tls.key, ca.crt and answers.json.
func run(ctx context.Context) error {
	if len(os.Args) != 3 {
		return errors.New("usage: floor FOLDER CLIENTNAME")
	}
	dir, name := os.Args[1], os.Args[2]
	identity, err := server.LoadIdentity(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return err
	}
	clients, err := server.LoadClientCA(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return err
	}
	answers, err := read(filepath.Join(dir, "answers.json"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	s, err := server.New(server.Options{
		Listen:      "127.0.0.1:0",
		AdminListen: "127.0.0.1:0",
		Identity:    identity,
		ClientCA:    clients,
		ClientNames: []string{name},
		Handler:     answers,
		Refuse:      refuse,
		Metrics:     metrics(),
		Log:         log,
	})
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "serving", "address", s.Addr().String(), "admin", s.AdminAddr().String())
	return s.Run(ctx)
}

// metrics tell the process's memory and processor time.
func metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

func refuse(w http.ResponseWriter, status int, message string) { http.Error(w, message, status) }

// constants are the answers by the number of keys, whatever the keys.
type constants map[int]gatekeeper.ProviderResponse

// read reads them with values of the type that the real handler encodes.
func read(file string) (constants, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var answers constants
	if err := json.Unmarshal(text, &answers); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, answer := range answers {
		for i := range answer.Response.Items {
			if err := retype(&answer.Response.Items[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return answers, nil
}

// retype turns what JSON made of a value into the value.
func retype(item *gatekeeper.Item) error {
	text, err := json.Marshal(item.Value)
	if err != nil {
		return err
	}
	var value gatekeeper.Value
	err = json.Unmarshal(text, &value)
	item.Value = value
	return err
}

// ServeHTTP decodes the request and encodes the constant.
func (c constants) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var request gatekeeper.ProviderRequest
	if err := json.Unmarshal(body, &request); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c[len(request.Request.Keys)]) // the client compares what it gets
}
