package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// crowded is a registry of one image that has many signatures, each with the largest envelope that is read.
type crowded struct {
	content map[string][]byte // by digest
	list    ocispec.Index
	fetched atomic.Int64 // envelopes
	layer   ocispec.Descriptor
}

func newCrowded(signatures int) *crowded {
	c := &crowded{content: map[string][]byte{}, list: ocispec.Index{MediaType: ocispec.MediaTypeImageIndex}}
	c.layer = c.put(ca.JWS, make([]byte, unverified.MaxBytes))
	for i := range signatures {
		manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"layers":[{"mediaType":%q,"digest":%q,"size":%d}],"annotations":{"n":"%d"}}`,
			ocispec.MediaTypeImageManifest, c.layer.MediaType, c.layer.Digest, c.layer.Size, i)
		listed := c.put(ocispec.MediaTypeImageManifest, manifest)
		listed.ArtifactType = "application/vnd.cncf.notary.signature"
		c.list.Manifests = append(c.list.Manifests, listed)
	}
	return c
}

func (c *crowded) put(mediaType string, content []byte) ocispec.Descriptor {
	d := digest.FromBytes(content)
	c.content[d.String()] = content
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(content))}
}

// ServeHTTP implements http.Handler.
func (c *crowded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := path.Base(r.URL.Path)
	switch content, ok := c.content[asked]; {
	case strings.Contains(r.URL.Path, "/referrers/"):
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		_ = json.NewEncoder(w).Encode(c.list)
	case ok:
		if asked == c.layer.Digest.String() {
			c.fetched.Add(1)
		}
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content)
	case strings.HasPrefix(asked, "sha256-"):
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Docker-Content-Digest", digest.FromString("image").String())
		w.Header().Set("Content-Length", "5")
	}
}

// The envelopes of one image are fetched up to 64 MiB together. The signatures beyond are listed, and told as not fetched.
func TestListKeepsToItsTotalBound(t *testing.T) {
	const most, beyond = 64 << 20 / unverified.MaxBytes, 3
	c := newCrowded(most + 1 + beyond)
	server := httptest.NewTLSServer(c)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	expect.OK(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	t.Setenv("DOCKER_CONFIG", t.TempDir())

	var out strings.Builder
	list := newRoot()
	list.SetArgs([]string{"list", strings.TrimPrefix(server.URL, "https://") + "/a:1", "-o", "json", "--registry-ca", ca})
	list.SetOut(&out)
	expect.OK(t, list.ExecuteContext(t.Context()))
	if got := c.fetched.Load(); got != most+1 { // one may go above the bound
		t.Errorf("%d envelopes were fetched, want %d", got, most+1)
	}
	if got := strings.Count(out.String(), "not fetched, since those before it have 64 MiB together"); got != beyond {
		t.Errorf("%d signatures are told as not fetched, want %d", got, beyond)
	}
	if got := strings.Count(out.String(), `"manifest"`); got != most+1+beyond {
		t.Errorf("%d signatures are listed, want %d", got, most+1+beyond)
	}
}
