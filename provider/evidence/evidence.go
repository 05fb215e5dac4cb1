package evidence

import (
	"context"
	"encoding/json"
	"iter"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Store keeps bytes under keys, "REPOSITORY@DIGEST", for as long as it likes. What it returns is checked
// before it is used, so it need not be trusted.
type Store interface {
	// Get returns what was put under the key, or false.
	Get(ctx context.Context, key string) ([]byte, bool)
	// Put may keep the value.
	Put(ctx context.Context, key string, value []byte)
}

// Record is what proves that an image is signed.
type Record struct {
	// Manifest is the image's own descriptor.
	Manifest ocispec.Descriptor `json:"manifest"`
	// Signature is the descriptor of the signature's manifest.
	Signature ocispec.Descriptor `json:"signature"`
	// Blob is the descriptor of the envelope, Bytes is the envelope.
	Blob  ocispec.Descriptor `json:"blob"`
	Bytes []byte             `json:"bytes"`
}

// Evidence remembers a Record for each repository and digest.
type Evidence struct {
	store   Store
	observe func(hit bool)
}

// New returns the evidence in a store; observe is told of every Recall.
func New(store Store, observe func(hit bool)) *Evidence { return &Evidence{store, observe} }

// Recall returns what is remembered of an image and can be true of it.
func (e *Evidence) Recall(ctx context.Context, image provider.Image) (*Record, bool) {
	var record Record
	text, ok := e.store.Get(ctx, key(image))
	ok = ok && json.Unmarshal(text, &record) == nil && record.sound(image)
	e.observe(ok)
	return &record, ok
}

// sound checks every byte against its digest, and the digest against the image.
func (r *Record) sound(image provider.Image) bool {
	return r.Manifest.Digest == image.Digest &&
		r.Signature.Digest.Validate() == nil &&
		r.Blob.Digest.Validate() == nil &&
		r.Blob.Size == int64(len(r.Bytes)) &&
		r.Blob.Digest.Algorithm().FromBytes(r.Bytes) == r.Blob.Digest
}

// Keep remembers what verified an image.
func (e *Evidence) Keep(ctx context.Context, image provider.Image, record Record) {
	// Annotations are a stranger's, and of no use any more: they only say which
	// signature to look at first.
	record.Signature.Annotations, record.Blob.Annotations, record.Manifest.Annotations = nil, nil, nil
	text, err := json.Marshal(record)
	if err != nil {
		return
	}
	e.store.Put(ctx, key(image), text)
}

// key is by repository, too: evidence is what one registry said, and is not passed on
// to another that may have been told to forget it.
func key(image provider.Image) string { return image.Repository + "@" + image.Digest.String() }

// Resolve returns the image's descriptor, as the registry did.
func (r *Record) Resolve(context.Context) (ocispec.Descriptor, error) { return r.Manifest, nil }

// Signatures lists the one signature that counted.
func (r *Record) Signatures(context.Context, ocispec.Descriptor) iter.Seq2[provider.Listing, error] {
	return func(yield func(provider.Listing, error) bool) {
		yield(provider.Listing{Signatures: []ocispec.Descriptor{r.Signature}}, nil)
	}
}

// Envelope returns that signature's envelope, and its descriptor.
func (r *Record) Envelope(context.Context, ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	return r.Bytes, r.Blob, nil
}
