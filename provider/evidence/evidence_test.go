package evidence_test

import (
	"bytes"
	"context"
	_ "crypto/sha512" // whatever digest an image may have
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
)

var image = provider.Image{Host: "in.example", Repository: "in.example/team/app", Digest: digest.FromString("image")}

// shelf is a store that a test may write in.
type shelf struct {
	mu      sync.Mutex
	entries map[string][]byte
}

func newShelf() *shelf { return &shelf{entries: map[string][]byte{}} }

func (s *shelf) Get(_ context.Context, key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.entries[key]
	return value, ok
}

func (s *shelf) Put(_ context.Context, key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[key] = value
}

// says replaces whatever was put, under every key that was.
func (s *shelf) says(value []byte) {
	for key := range s.entries {
		s.entries[key] = value
	}
}

// piece is sound evidence of the image.
func piece() evidence.Record {
	envelope := []byte(`{"payload":"e30","signature":"AAAA"}`)
	return evidence.Record{
		Manifest:  ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: image.Digest, Size: 528},
		Signature: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("signature"), Size: 700},
		Blob:      ocispec.Descriptor{MediaType: "application/jose+json", Digest: digest.FromBytes(envelope), Size: int64(len(envelope))},
		Bytes:     envelope,
	}
}

// witness counts what Recall tells.
type witness struct{ hits, misses int }

func (w *witness) observe(hit bool) {
	if hit {
		w.hits++
	} else {
		w.misses++
	}
}

func TestWhatWasKeptIsRecalledAndSpeaksAsTheRegistryDid(t *testing.T) {
	var w witness
	e := evidence.New(newShelf(), w.observe)
	if _, ok := e.Recall(t.Context(), image); ok {
		t.Error("recalled what was not kept")
	}
	want := piece()
	e.Keep(t.Context(), image, want)
	got, ok := e.Recall(t.Context(), image)
	if !ok || !reflect.DeepEqual(*got, want) {
		t.Fatalf("recalled %+v, %t; want %+v", got, ok, want)
	}
	if w != (witness{hits: 1, misses: 1}) {
		t.Errorf("told of %+v, want a miss and a hit", w)
	}
	desc, err := got.Resolve(t.Context())
	if err != nil || !reflect.DeepEqual(desc, want.Manifest) {
		t.Errorf("resolved to %+v, %v", desc, err)
	}
	lists := 0
	for listing, err := range got.Signatures(t.Context(), desc) {
		if lists++; err != nil || listing.More || listing.Incomplete != nil || !reflect.DeepEqual(listing.Signatures, []ocispec.Descriptor{want.Signature}) {
			t.Errorf("list %d is %+v, %v", lists, listing, err)
		}
	}
	if lists != 1 {
		t.Errorf("%d lists", lists)
	}
	envelope, blob, err := got.Envelope(t.Context(), want.Signature)
	if err != nil || !bytes.Equal(envelope, want.Bytes) || !reflect.DeepEqual(blob, want.Blob) {
		t.Errorf("fetched %q, %+v, %v", envelope, blob, err)
	}
}

// A caller that changes a record changes nothing that is kept.
func TestKeptEvidenceIsACopy(t *testing.T) {
	memory, err := evidence.NewMemory(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	e, kept := evidence.New(memory, func(bool) {}), piece()
	e.Keep(t.Context(), image, kept)
	kept.Bytes[0] ^= 1
	for range 2 {
		got, ok := e.Recall(t.Context(), image)
		if !ok || !reflect.DeepEqual(*got, piece()) {
			t.Fatalf("recalled %+v, %t", got, ok)
		}
		got.Bytes[0] ^= 1
	}
}

func TestAnnotationsAreDropped(t *testing.T) {
	stranger := map[string]string{"io.cncf.notary.x509chain.thumbprint#S256": strings.Repeat("a stranger's text", 1000)}
	store, r := newShelf(), piece()
	r.Manifest.Annotations, r.Signature.Annotations, r.Blob.Annotations = stranger, stranger, stranger
	e := evidence.New(store, func(bool) {})
	e.Keep(t.Context(), image, r)
	for _, text := range store.entries {
		if bytes.Contains(text, []byte("stranger")) {
			t.Errorf("kept %.200s", text)
		}
	}
	if got, ok := e.Recall(t.Context(), image); !ok || !reflect.DeepEqual(*got, piece()) {
		t.Errorf("recalled %+v, %t", got, ok)
	}
	if len(stranger) != 1 || r.Signature.Annotations == nil {
		t.Error("Keep changed what belongs to its caller")
	}
}

func TestEvidenceIsOfOneDigestInOneRepository(t *testing.T) {
	e := evidence.New(newShelf(), func(bool) {})
	e.Keep(t.Context(), image, piece())
	for _, tc := range []struct {
		name   string
		change func(*provider.Image)
	}{
		{"another digest", func(i *provider.Image) { i.Digest = digest.FromString("another") }},
		{"another repository", func(i *provider.Image) { i.Repository = "in.example/team/other" }},
		{"another host", func(i *provider.Image) { i.Host, i.Repository = "out.example", "out.example/team/app" }},
		{"no digest", func(i *provider.Image) { i.Digest = "" }},
	} {
		other := image
		tc.change(&other)
		if got, ok := e.Recall(t.Context(), other); ok {
			t.Errorf("%s: recalled %+v", tc.name, got)
		}
	}
	tagged := image
	tagged.Tag = "1"
	if _, ok := e.Recall(t.Context(), tagged); !ok {
		t.Error("the same digest under a tag is not recalled")
	}
}

// The store may be anyone's: what it says is checked before a judge sees it.
func TestWhatAStoreChangedIsNotRecalled(t *testing.T) {
	other := []byte("another envelope")
	sha512 := digest.SHA512.FromBytes(piece().Bytes)
	changes := []struct {
		name   string
		change func(*evidence.Record)
	}{
		{"another image", func(r *evidence.Record) { r.Manifest.Digest = digest.FromString("another") }},
		{"no image", func(r *evidence.Record) { r.Manifest = ocispec.Descriptor{} }},
		{"another envelope", func(r *evidence.Record) { r.Bytes = other }},
		{"another envelope, its size", func(r *evidence.Record) { r.Bytes, r.Blob.Size = other, int64(len(other)) }},
		{"no envelope", func(r *evidence.Record) { r.Bytes = nil }},
		{"no envelope, its size", func(r *evidence.Record) { r.Bytes, r.Blob.Size = nil, 0 }},
		{"a cut envelope", func(r *evidence.Record) { r.Bytes = r.Bytes[:len(r.Bytes)-1] }},
		{"a longer envelope", func(r *evidence.Record) { r.Bytes = append(bytes.Clone(r.Bytes), ' ') }},
		{"another digest", func(r *evidence.Record) { r.Blob.Digest = digest.FromBytes(other) }},
		{"another algorithm", func(r *evidence.Record) { r.Blob.Digest = digest.Digest("sha512:" + r.Blob.Digest.Encoded()) }},
		{"another algorithm's digest", func(r *evidence.Record) { r.Blob.Digest = digest.Digest("sha256:" + sha512.Encoded()) }},
		{"an unknown algorithm", func(r *evidence.Record) { r.Blob.Digest = digest.Digest("md5:" + strings.Repeat("0", 32)) }},
		{"an invented algorithm", func(r *evidence.Record) { r.Blob.Digest = "none:0000" }},
		{"no algorithm", func(r *evidence.Record) { r.Blob.Digest = "0000" }},
		{"an empty algorithm", func(r *evidence.Record) { r.Blob.Digest = ":0000" }},
		{"no digest", func(r *evidence.Record) { r.Blob.Digest = "" }},
		{"an upper case digest", func(r *evidence.Record) {
			r.Blob.Digest = digest.Digest("sha256:" + strings.ToUpper(r.Blob.Digest.Encoded()))
		}},
		{"a size too small", func(r *evidence.Record) { r.Blob.Size-- }},
		{"a size too large", func(r *evidence.Record) { r.Blob.Size++ }},
		{"a negative size", func(r *evidence.Record) { r.Blob.Size = -r.Blob.Size }},
		{"an absurd size", func(r *evidence.Record) { r.Blob.Size = 1<<63 - 1 }},
		{"a signature with no digest", func(r *evidence.Record) { r.Signature.Digest = "" }},
		{"a signature with a path", func(r *evidence.Record) { r.Signature.Digest = "sha256:../../x" }},
		{"a signature, no algorithm", func(r *evidence.Record) { r.Signature.Digest = ":" }},
		{"a signature, unknown digest", func(r *evidence.Record) { r.Signature.Digest = "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709" }},
	}
	for _, tc := range changes {
		var w witness
		store, forged := newShelf(), piece()
		e := evidence.New(store, w.observe)
		e.Keep(t.Context(), image, piece())
		tc.change(&forged)
		text, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		store.says(text)
		if got, ok := e.Recall(t.Context(), image); ok || w.misses != 1 {
			t.Errorf("%s: recalled %+v, told of %+v", tc.name, got, w)
		}
	}
}

func TestNoFlippedBitOfAnEnvelopeIsRecalled(t *testing.T) {
	store := newShelf()
	e := evidence.New(store, func(bool) {})
	e.Keep(t.Context(), image, piece())
	for i := range 8 * len(piece().Bytes) {
		forged := piece()
		forged.Bytes[i/8] ^= 1 << (i % 8)
		text, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		store.says(text)
		if _, ok := e.Recall(t.Context(), image); ok {
			t.Errorf("bit %d flipped, and recalled", i)
		}
	}
}

func TestJunkIsNotRecalled(t *testing.T) {
	store := newShelf()
	e := evidence.New(store, func(bool) {})
	e.Keep(t.Context(), image, piece())
	sound, _ := store.Get(t.Context(), image.Repository+"@"+image.Digest.String())
	if len(sound) == 0 {
		t.Fatalf("not kept by repository and digest: %v", store.entries)
	}
	junk := [][]byte{
		nil, {0}, []byte("null"), []byte("{}"), []byte("[]"), []byte(`""`), []byte("1e999"), []byte("<p>Please sign in."),
		[]byte(strings.Repeat("[", 100_000)), []byte(`{"manifest":null,"bytes":null}`), []byte(`{"bytes":"!"}`),
		bytes.Replace(sound, []byte(`"size":528`), []byte(`"size":9223372036854775808`), 1),
		append(bytes.Clone(sound), sound...), append(bytes.Clone(sound), 0),
	}
	for i := range sound { // cut anywhere
		junk = append(junk, sound[:i])
	}
	for _, text := range junk {
		store.says(text)
		if got, ok := e.Recall(t.Context(), image); ok {
			t.Errorf("%.100q: recalled %+v", text, got)
		}
	}
}

// Whatever a store says: no panic, and what is recalled is true of the image.
func FuzzRecall(f *testing.F) {
	store := newShelf()
	e := evidence.New(store, func(bool) {})
	e.Keep(context.Background(), image, piece())
	for _, text := range store.entries {
		f.Add(text)
		f.Add(bytes.Replace(text, []byte("sha256"), []byte("sha512"), 3))
		f.Add(bytes.Replace(text, []byte(`"bytes":"`), []byte(`"bytes":"A`), 1))
	}
	f.Add([]byte(`{"manifest":{"digest":":"},"blob":{"digest":"x:","size":-1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		store := newShelf()
		e := evidence.New(store, func(bool) {})
		e.Keep(t.Context(), image, piece())
		store.says(text)
		r, ok := e.Recall(t.Context(), image)
		if !ok {
			return
		}
		if r.Manifest.Digest != image.Digest || r.Blob.Digest.Validate() != nil || r.Blob.Digest.Algorithm().FromBytes(r.Bytes) != r.Blob.Digest {
			t.Errorf("recalled %+v", r)
		}
	})
}

func TestManyKeepAndRecallAtOnce(t *testing.T) {
	memory, err := evidence.NewMemory(64 << 10) // room for a few
	if err != nil {
		t.Fatal(err)
	}
	e := evidence.New(memory, func(bool) {})
	var asking sync.WaitGroup
	for who := range 8 {
		asking.Go(func() {
			for i := range 200 {
				one, r := image, piece()
				one.Digest = digest.FromString(fmt.Sprint((i + who) % 100))
				r.Manifest.Digest = one.Digest
				e.Keep(context.Background(), one, r)
				if got, ok := e.Recall(context.Background(), one); ok && got.Manifest.Digest != one.Digest {
					t.Errorf("recalled another's: %+v", got)
				}
				if memory.Bytes() > 64<<10 {
					t.Errorf("%d bytes are kept", memory.Bytes())
				}
			}
		})
	}
	asking.Wait()
}
