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

// Evidence keeps a Record for each repository and digest. A nil Evidence keeps none.
type Evidence struct {
	stores []observed // asked in this order
}

// observed is a store, and what is called each time that it is asked.
type observed struct {
	Store

	observe func(hit bool)
}

// New returns the evidence in a store; observe is called at every Recall.
func New(store Store, observe func(hit bool)) *Evidence {
	return &Evidence{[]observed{{store, observe}}}
}

// Behind adds a store that is asked for what the first one has not. What it has then goes to the first one, and Keep
// puts into both. Observe is called each time that it is asked. Behind must be called before the evidence is used.
func (e *Evidence) Behind(store Store, observe func(hit bool)) *Evidence {
	e.stores = append(e.stores, observed{store, observe})
	return e
}

// Recall returns the record of an image, if there is one whose digests all fit. It proves
// nothing before it is verified.
func (e *Evidence) Recall(ctx context.Context, image provider.Image) (*Record, bool) {
	if e == nil {
		return nil, false
	}
	for i, store := range e.stores {
		var record Record
		text, ok := store.Get(ctx, key(image))
		ok = ok && json.Unmarshal(text, &record) == nil && record.sound(image)
		store.observe(ok)
		if !ok {
			continue
		}
		for _, before := range e.stores[:i] {
			before.Put(ctx, key(image), text)
		}
		return &record, true
	}
	return nil, false
}

// sound checks every byte against its digest, and the digest against the image.
func (r *Record) sound(image provider.Image) bool {
	return r.Manifest.Digest == image.Digest &&
		r.Signature.Digest.Validate() == nil &&
		r.Blob.Digest.Validate() == nil &&
		r.Blob.Size == int64(len(r.Bytes)) &&
		r.Blob.Digest.Algorithm().FromBytes(r.Bytes) == r.Blob.Digest
}

// Keep keeps the record of a verified image.
func (e *Evidence) Keep(ctx context.Context, image provider.Image, record Record) {
	if e == nil {
		return
	}
	// Annotations may be an attacker's, and are needed no more: they only say which
	// signature to look at first.
	record.Signature.Annotations, record.Blob.Annotations, record.Manifest.Annotations = nil, nil, nil
	text, err := json.Marshal(record)
	if err != nil {
		return
	}
	for _, store := range e.stores {
		store.Put(ctx, key(image), text)
	}
}

// key has the repository, too: what one registry has is no evidence of what another has.
func key(image provider.Image) string { return image.Repository + "@" + image.Digest.String() }

// Resolve returns the image's descriptor, as the registry returned it.
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
