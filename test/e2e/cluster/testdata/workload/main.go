// Workload is what the tests of the cluster run in pods: it tells what it sees, over HTTP, and ends as it is told to.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", ":8080", "where to serve")
	print := flag.String("print", "", "write this and end")
	exit := flag.Int("exit", -1, "end with this code at once")
	linger := flag.Duration("linger", 0, "how long to serve on after SIGTERM")
	touch := flag.String("touch", "", "write into this file and end")
	flag.Parse()
	switch {
	case *touch != "":
		return os.WriteFile(*touch, []byte("touched\n"), 0o644)
	case *print != "":
		fmt.Println(*print)
		return nil
	case *exit >= 0:
		os.Exit(*exit)
	}
	var sick atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /sicken", func(http.ResponseWriter, *http.Request) { sick.Store(true) })
	mux.HandleFunc("GET /recover", func(http.ResponseWriter, *http.Request) { sick.Store(false) })
	mux.HandleFunc("GET /self", self)
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		data, err := os.ReadFile(r.FormValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
	})
	mux.HandleFunc("GET /fetch", fetch)
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		fmt.Println("asked to end")
		time.Sleep(*linger)
		fmt.Println("ending")
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// self tells what the process is.
func self(w http.ResponseWriter, _ *http.Request) {
	host, _ := os.Hostname()
	status, _ := os.ReadFile("/proc/self/status")
	fields := map[string]string{}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields[name] = strings.TrimSpace(value)
	}
	write := "yes"
	if err := os.WriteFile("/written", nil, 0o644); err != nil {
		write = err.Error()
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"args": os.Args, "env": os.Environ(), "host": host, "uid": os.Getuid(), "gid": os.Getgid(), "pid": os.Getpid(),
		"groups": fields["Groups"], "capabilities": fields["CapBnd"], "noNewPrivs": fields["NoNewPrivs"], "writes": write,
	})
}

// fetch gets a URL, as seen from here.
func fetch(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.FormValue("url"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(w, response.Body)
}
