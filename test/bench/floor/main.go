// Command floor is what an answer costs anyhow. It is the server's own mutual TLS listener, and
// behind it a handler that decodes the request and encodes a constant. The bench holds the real
// server against it. It links what that takes and no more, so its memory and its start are a floor
// too.
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
	"strconv"
	"strings"

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

// run serves from the folder of the file that is named as the server's configuration is: serve --config FILE. There lie
// tls.crt, tls.key, ca.crt, and the answers by their number of keys: 1.json, 50.json.
func run(ctx context.Context) error {
	if len(os.Args) != 4 || os.Args[1] != "serve" || os.Args[2] != "--config" {
		return errors.New("usage: floor serve --config FILE")
	}
	dir := filepath.Dir(os.Args[3])
	identity, err := server.LoadIdentity(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return err
	}
	clients, err := server.LoadClientCA(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return err
	}
	answers, err := read(dir)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	s, err := server.New(server.Options{
		Listen:      "127.0.0.1:0",
		AdminListen: "127.0.0.1:0",
		Identity:    identity,
		ClientCA:    clients,
		ClientNames: []string{clientName},
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

// clientName is the name in Gatekeeper's client certificate.
const clientName = "gatekeeper-webhook-service.gatekeeper-system.svc"

// constants are the answers by their number of keys, whatever the keys.
type constants map[int]gatekeeper.ProviderResponse

// read reads every answer in the folder.
func read(dir string) (constants, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	answers := constants{}
	for _, file := range files {
		keys, notAnAnswer := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".json"))
		if notAnAnswer != nil {
			continue // the trust policy, or a docker config
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var answer gatekeeper.ProviderResponse
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for i := range answer.Response.Items {
			if err := retype(&answer.Response.Items[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		answers[keys] = answer
	}
	return answers, err
}

// retype gives an item's value the type that the server encodes.
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
