package bench

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"golang.org/x/sync/errgroup"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const manyKeys, manyClients = 50, 16

// Requests of 1 and 50 keys by 1 and 16 clients, over connections that are kept, as Gatekeeper keeps them. Every answer
// is compared with the right one. cpu-ns/op is the server's own processor time, which the kernel counts in steps of 10 ms.
func BenchmarkWarm(b *testing.B) {
	w := rig.ForTest(b)
	registry := w.Registry(rig.RegistryOptions{})
	images := pushSigned(w, registry, manyKeys, rig.Signature{})
	dir := b.TempDir() // of the floor, which answers as the server did
	questions := map[int]*question{}
	servers := sides(b)
	running := map[string]*rig.Provider{"ours": w.Provider(rig.ProviderOptions{Binary: servers[1].binary, Registries: []*rig.Registry{registry}, Edit: remember})}
	for _, keys := range []int{1, manyKeys} {
		questions[keys] = learn(b, client(w), running["ours"].URL, images[:keys])
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(keys)+".json"), questions[keys].answer, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	running["floor"] = w.Provider(rig.ProviderOptions{Binary: servers[0].binary, Dir: dir})
	for _, keys := range []int{1, manyKeys} {
		for _, clients := range []int{1, manyClients} {
			for _, side := range servers {
				b.Run(fmt.Sprintf("keys=%d/clients=%d/impl=%s", keys, clients, side.impl), func(b *testing.B) {
					ask(b, client(w), running[side.impl], questions[keys], clients)
				})
			}
		}
	}
}

// client speaks HTTP/1.1 over TLS 1.3, as Gatekeeper does.
func client(w *rig.Test) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, RootCAs: ca.Pool(w.ServerCA.Cert), Certificates: []tls.Certificate{w.ClientCert.TLS()},
		},
		MaxIdleConnsPerHost: manyClients,
	}}
}

// question is a request, and the one right answer to it.
type question struct{ body, answer []byte }

// ask sends b.N requests, shared by the clients.
func ask(b *testing.B, c *http.Client, server *rig.Provider, q *question, clients int) {
	defer c.CloseIdleConnections()
	cpu := func() float64 { return rig.Must(server.Metric(b.Context(), "process_cpu_seconds_total"))(b) }
	before := cpu()
	var left atomic.Int64
	left.Store(int64(b.N))
	var group errgroup.Group
	b.ResetTimer()
	for range clients {
		group.Go(func() error {
			for left.Add(-1) >= 0 {
				if answer, err := post(b, c, server.URL, q.body); err != nil || !bytes.Equal(answer, q.answer) {
					return fmt.Errorf("a wrong answer: %s: %w", answer, err)
				}
			}
			return nil
		})
	}
	err := group.Wait()
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric((cpu()-before)*1e9/float64(b.N), "cpu-ns/op")
}

func post(b *testing.B, c *http.Client, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/validate", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// learn asks until the server has verified every image: on a busy machine some are undecided at first.
func learn(b *testing.B, c *http.Client, url string, images []rig.Image) *question {
	b.Helper()
	defer c.CloseIdleConnections()
	var keys []string
	for _, image := range images {
		keys = append(keys, image.Tagged())
	}
	q := &question{body: rig.Must(json.Marshal(externaldata.NewProviderRequest(keys)))(b)}
	rig.Eventually(b, "every image is verified", func() (err error) {
		if q.answer, err = post(b, c, url, q.body); err != nil {
			return err
		}
		return verified(q.answer, images)
	})
	return q
}

// verified returns an error unless the answer says of every image that it is verified, at its digest.
func verified(answer []byte, images []rig.Image) error {
	var response externaldata.ProviderResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return err
	}
	if len(response.Response.Items) != len(images) || response.Response.SystemError != "" {
		return fmt.Errorf("%d items of %d: %s", len(response.Response.Items), len(images), response.Response.SystemError)
	}
	for i, item := range response.Response.Items {
		value, _ := item.Value.(map[string]any)
		if item.Error != "" || item.Key != images[i].Tagged() || value["verified"] != true || value["image"] != images[i].Pinned() {
			return fmt.Errorf("%s: %s %v", item.Key, item.Error, value)
		}
	}
	return nil
}
