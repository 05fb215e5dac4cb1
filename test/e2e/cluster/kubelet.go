//go:build e2e

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// kubeletPort is where the API server asks a node for logs.
const kubeletPort = 10250

// startKubeletAPI serves what "kubectl logs" needs, to the API server alone. What "kubectl exec" needs is not there:
// [Cluster.Exec] runs commands.
func (c *Cluster) startKubeletAPI(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", c.serveLogs)
	var addresses []string
	for _, ip := range nodeIPs() {
		addresses = append(addresses, net.JoinHostPort(ip, strconv.Itoa(kubeletPort)))
	}
	return c.serveAPIServer(ctx, "server", mux, addresses...)
}

// serveLogs writes the log of the container's current run, or of that before it. It writes all, or the last lines
// (tailLines), and what is added while the container runs (follow). Other options do not count.
func (c *Cluster) serveLogs(w http.ResponseWriter, r *http.Request) {
	found := c.agent.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if found == nil {
		http.Error(w, "no such container is there", http.StatusNotFound)
		return
	}
	attempt, process := found.attempt(), found.process()
	if r.FormValue("previous") == "true" {
		attempt, process = attempt-1, nil
	}
	log, err := os.Open(found.logFile(attempt))
	if err != nil {
		http.Error(w, fmt.Sprintf("no log: %v", err), http.StatusNotFound)
		return
	}
	defer log.Close()
	data, err := io.ReadAll(log)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if number, err := strconv.Atoi(r.FormValue("tailLines")); err == nil {
		lines := slices.Collect(bytes.Lines(data))
		data = bytes.Join(lines[max(0, len(lines)-number):], nil)
	}
	_, _ = w.Write(data)
	if r.FormValue("follow") == "true" && process != nil {
		follow(w, r, log, process.done)
	}
}

// follow copies what is added to the log until the container has ended or the client is gone.
func follow(w http.ResponseWriter, r *http.Request, log io.Reader, ended <-chan struct{}) {
	for last := false; !last; {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-ended:
			last = true
		case <-time.After(100 * time.Millisecond):
		}
		if _, err := io.Copy(w, log); err != nil {
			return
		}
	}
}
