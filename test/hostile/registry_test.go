package hostile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	gocose "github.com/veraison/go-cose"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

const signatureType = "application/vnd.cncf.notary.signature"

// registry is one that its owner wrote to do harm: what it does is in the first part of an image's path.
type registry struct {
	*httptest.Server

	host string

	mu    sync.Mutex
	blobs map[string][]byte // by digest
	kinds map[string]kind
}

// kind is one way to do harm.
type kind struct {
	// envelopes are attached to each image of the kind.
	envelopes [][]byte
	mediaType string
	// manifest is that of every image of the kind. Without it each has its own.
	manifest []byte
	// pad is how much longer a signature's manifest is than it need be.
	pad int
	// pages makes the list of signatures endless, with so many bytes in each page.
	pages int
	// hang makes the signatures' manifests come never.
	hang bool
	// status answers everything with it.
	status int
	// answer answers everything.
	answer http.HandlerFunc
	// slow delays each answer.
	slow time.Duration
}

func newRegistry(t *testing.T, kinds map[string]kind) *registry {
	t.Helper()
	r := &registry{blobs: map[string][]byte{}, kinds: kinds}
	r.Server = httptest.NewUnstartedServer(r)
	r.EnableHTTP2 = true
	r.StartTLS()
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	r.host = strings.TrimPrefix(r.URL, "https://")
	return r
}

// image names the n-th image of a kind.
func (r *registry) image(kind string, n int) string {
	return fmt.Sprintf("%s/%s/app:%d", r.host, kind, n)
}

// put keeps a blob and returns its descriptor.
func (r *registry) put(mediaType string, content []byte) ocispec.Descriptor {
	d := digest.FromBytes(content)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blobs[d.String()] = content
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(content))}
}

// ServeHTTP is the part of the distribution specification that a verifier uses.
func (r *registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	parts := strings.Split(strings.TrimPrefix(q.URL.Path, "/v2/"), "/")
	if len(parts) < 4 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	k := r.kinds[parts[0]]
	select {
	case <-time.After(k.slow):
	case <-q.Context().Done():
		return
	}
	if k.answer != nil {
		k.answer(w, q)
		return
	}
	if k.status != 0 {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(k.status)
		return
	}
	what, reference := parts[len(parts)-2], parts[len(parts)-1]
	switch {
	case what == "referrers":
		r.list(w, q, k)
	case strings.HasPrefix(reference, "sha256:"):
		r.serve(w, q, k, reference)
	case strings.HasPrefix(reference, "sha256-"):
		w.WriteHeader(http.StatusNotFound)
	case k.manifest != nil:
		r.send(w, q, ocispec.MediaTypeImageManifest, k.manifest)
	default:
		manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"annotations":{"for":%q}}`, ocispec.MediaTypeImageManifest, q.URL.Path)
		r.send(w, q, ocispec.MediaTypeImageManifest, manifest)
	}
}

func (r *registry) serve(w http.ResponseWriter, q *http.Request, k kind, reference string) {
	r.mu.Lock()
	content := r.blobs[reference]
	r.mu.Unlock()
	if content == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if k.hang {
		<-q.Context().Done()
		return
	}
	r.send(w, q, ocispec.MediaTypeImageManifest, content)
}

func (*registry) send(w http.ResponseWriter, q *http.Request, mediaType string, content []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(content).String())
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	if q.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
}

// list lists the signatures of an image.
func (r *registry) list(w http.ResponseWriter, q *http.Request, k kind) {
	index := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
	index.SchemaVersion = 2
	for i, envelope := range k.envelopes {
		layer := r.put(k.mediaType, envelope)
		manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"artifactType":%q,"layers":[{"mediaType":%q,"digest":%q,"size":%d}],"annotations":{"n":"%d","pad":%q}}`,
			ocispec.MediaTypeImageManifest, signatureType, layer.MediaType, layer.Digest, layer.Size, i, strings.Repeat("x", k.pad))
		listed := r.put(ocispec.MediaTypeImageManifest, manifest)
		listed.ArtifactType = signatureType
		index.Manifests = append(index.Manifests, listed)
	}
	if k.pages > 0 {
		padded := index.Manifests[:1]
		padded[0].Annotations = map[string]string{"pad": strings.Repeat("x", k.pages)}
		index.Manifests = padded
		w.Header().Set("Link", fmt.Sprintf(`<%s?n=%s1>; rel="next"`, q.URL.Path, q.URL.Query().Get("n")))
	}
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	_ = json.NewEncoder(w).Encode(index)
}

// readyPages answers with an endless list of pages as large as may be, which cost the registry nothing to make. So it sends
// as many at a time as the server lets it.
func readyPages() http.HandlerFunc {
	page := []byte(`{"schemaVersion":2,"manifests":[{"annotations":{"pad":"` + strings.Repeat("x", 4<<20-200) + `"}}]}`)
	return func(w http.ResponseWriter, q *http.Request) {
		if !strings.Contains(q.URL.Path, "/referrers/") {
			manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"annotations":{"for":%q}}`, ocispec.MediaTypeImageManifest, q.URL.Path)
			(*registry)(nil).send(w, q, ocispec.MediaTypeImageManifest, manifest)
			return
		}
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		w.Header().Set("Link", fmt.Sprintf(`<%s?n=%s1>; rel="next"`, q.URL.Path, q.URL.Query().Get("n")))
		_, _ = w.Write(page)
	}
}

// caPEM is what to trust about the registry's TLS.
func (r *registry) caPEM() []byte { return ca.EncodeCertificates(r.Certificate()) }

// strangers are envelopes without a trusted signer, as costly as they may be.

// coseBomb is a COSE envelope of about so many bytes of the smallest values, which a decoder makes objects of.
func coseBomb(size int) []byte {
	array := binary.BigEndian.AppendUint32([]byte{0x9a}, uint32(size/3))
	array = append(array, bytes.Repeat([]byte{0xa1, 0x00, 0xa0}, size/3)...)
	return slices.Concat([]byte{0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa1, 0x61, 0x61}, array, []byte{0x42, 0x7b, 0x7d, 0x58, 0x40}, make([]byte, 64))
}

// berBomb is a COSE envelope with a timestamp of the smallest elements.
func berBomb(t *testing.T, size int) []byte {
	t.Helper()
	contents := bytes.Repeat([]byte{0x30, 0x00}, size/2)
	token := append(binary.BigEndian.AppendUint32([]byte{0x30, 0x84}, uint32(len(contents))), contents...)
	return coseOf(t, map[any]any{"io.cncf.notary.timestampSignature": token})
}

func coseOf(t *testing.T, unprotected map[any]any) []byte {
	t.Helper()
	message := gocose.NewSign1Message()
	message.Payload, message.Signature = []byte(`{}`), make([]byte, 64)
	message.Headers.Protected.SetAlgorithm(gocose.AlgorithmES256)
	message.Headers.Unprotected = unprotected
	raw, err := message.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// countersigned is a COSE envelope with a trusted certificate and a countersignature whose own header is a bomb.
func countersigned(t *testing.T, size int, anchor []byte) []byte {
	t.Helper()
	array := binary.BigEndian.AppendUint32([]byte{0xa1, 0x61, 0x61, 0x9a}, uint32(size/3))
	array = append(array, bytes.Repeat([]byte{0xa1, 0x00, 0xa0}, size/3)...)
	text := func(b []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{0x5a}, uint32(len(b))), b...)
	}
	inner := slices.Concat([]byte{0x83}, text(array), []byte{0xa0, 0x58, 0x40}, make([]byte, 64))
	return slices.Concat([]byte{0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa2, 0x18, 0x21}, text(anchor), []byte{0x07}, inner, []byte{0x42, 0x7b, 0x7d, 0x58, 0x40}, make([]byte, 64))
}

// jwsPayload is a JWS with a trusted certificate and a payload of the smallest values.
func jwsPayload(t *testing.T, size int, anchor []byte) []byte {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	raw, err := json.Marshal(map[string]any{
		"payload": b64([]byte(`{"a":[` + strings.Repeat("{},", size/3) + `0]}`)), "protected": b64([]byte(`{"alg":"ES256"}`)), "signature": b64(make([]byte, 64)),
		"header": map[string]any{"x5c": [][]byte{anchor}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// longChain is a JWS whose chain has as many certificates as may be, with the keys that cost most, and long names.
func longChain(t *testing.T, above ...[]byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := pkix.Name{CommonName: strings.Repeat("x", 512)}
	var chain [][]byte
	for len(chain)+len(above) < 16 {
		chain = append(chain, certify(t, name, key))
	}
	b64 := base64.RawURLEncoding.EncodeToString
	raw, err := json.Marshal(map[string]any{
		"payload": b64([]byte(`{}`)), "protected": b64([]byte(`{"alg":"ES512"}`)), "signature": b64(make([]byte, 132)),
		"header": map[string]any{"x5c": append(chain, above...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// longNames is a COSE envelope whose first certificate has a subject of so many parts, which take long to be written as text.
func longNames(t *testing.T, parts int, above ...[]byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	part := pkix.AttributeTypeAndValue{Type: []int{1, 2, 3}, Value: ""}
	chain := []any{certify(t, pkix.Name{ExtraNames: slices.Repeat([]pkix.AttributeTypeAndValue{part}, parts)}, key)}
	for _, der := range above {
		chain = append(chain, der)
	}
	return coseOf(t, map[any]any{gocose.HeaderLabelX5Chain: chain})
}

func certify(t *testing.T, name pkix.Name, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: name, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// repeated is the same envelope so many times.
func repeated(times int, envelope []byte) [][]byte { return slices.Repeat([][]byte{envelope}, times) }
