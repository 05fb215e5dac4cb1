package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// client asks one server as Gatekeeper does, without Gatekeeper's own work: the
// body is there before, and what comes back is read and compared, not parsed.
type client struct {
	http *http.Client
	url  string
}

// newClient makes one that keeps as many connections as will be used at once.
func newClient(world *rig.World, url string, connections int) *client {
	return &client{url: url + "/validate", http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			MinVersion:   tls.VersionTLS13,
			RootCAs:      ca.Pool(world.DoorCA.Cert),
			Certificates: []tls.Certificate{world.Gatekeeper.TLS()},
		},
		MaxIdleConnsPerHost: connections,
		IdleConnTimeout:     90 * time.Second,
	}}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// ask returns the body of the answer.
func (c *client) ask(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", response.StatusCode, answer)
	}
	return answer, err
}

// expect asks, and fails unless the answer is the right one.
func (c *client) expect(ctx context.Context, body, right []byte) error {
	answer, err := c.ask(ctx, body)
	if err != nil {
		return err
	}
	if !bytes.Equal(answer, right) {
		return fmt.Errorf("a wrong answer: %s", answer)
	}
	return nil
}
