package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Folder is where Kubernetes mounts the service account of a pod: its token, and the API server's authority.
const Folder = "/var/run/secrets/kubernetes.io/serviceaccount"

// Bounds of what is read.
const (
	maxToken      = 64 << 10  // bytes
	maxAuthority  = 1 << 20   // bytes
	maxPage       = 256 << 20 // bytes: a pod has at most 1.5 MiB, as etcd has it, and nearly all have 20 KiB
	objectsOfPage = 250
	maxPages      = 4000 // of one list: a page may be short
	pageTimeout   = time.Minute
)

// Client asks one API server.
type Client struct {
	server  string // host:port
	account string // the folder
	token   string
	http    *http.Client
	pool    *egress.Transport
}

// InCluster returns a client for the API server that Kubernetes names in the environment of each container, with the token
// and the authority in a folder. The errors say what is missing.
func InCluster(getenv func(string) string, folder string) (*Client, error) {
	host, port := getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in a pod; elsewhere, give the report what kubectl get pods,signedimages -A -o json prints")
	}
	token, err := regularfile.Read(filepath.Join(folder, "token"), maxToken)
	if err != nil {
		return nil, fmt.Errorf("read the service account's token: %w; give the pod one with automountServiceAccountToken: true", err)
	}
	text, err := regularfile.Read(filepath.Join(folder, "ca.crt"), maxAuthority)
	if err != nil {
		return nil, fmt.Errorf("read the API server's authority: %w", err)
	}
	authorities, err := certfile.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read the API server's authority: %s: %w", filepath.Join(folder, "ca.crt"), err)
	}
	server := net.JoinHostPort(host, port)
	pool := egress.NewTransport(egress.Options{
		Guard:   egress.NewGuard(strings.ToLower(server)),
		Bounds:  egress.Bounds{Timeout: pageTimeout, BodyBytes: maxPage},
		RootCAs: egress.Roots(authorities, true),
	})
	// No redirect is followed: the token is for this server.
	once := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{server, folder, strings.TrimSpace(string(token)), &http.Client{Transport: pool, CheckRedirect: once}, pool}, nil
}

// Close closes the connections.
func (c *Client) Close() { c.pool.CloseIdleConnections() }
