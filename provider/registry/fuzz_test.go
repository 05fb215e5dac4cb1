package registry_test

import (
	"encoding/json"
	"errors"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// Whatever a signature's manifest holds, what is fetched next is one blob that has a digest and is no larger than an
// envelope may be; or it is no signature, and the line that says so may be told.
func FuzzASignatureManifestNamesOneBoundedBlobOrNone(f *testing.F) {
	good, err := json.Marshal(one(nil))
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		string(good), `{}`, `null`, `[]`, `{"layers":null}`, `{"layers":[{}]}`, `{"layers":[null]}`, `{"Layers":[{"digest":"sha256:"}]}`,
		`{"layers":[{"size":1e9}]}`, `{"layers":[{"size":-1}]}`, `{"layers":[{"digest":"` + someDigest + `","size":1048576}]}`,
		`{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[{"digest":"` + someDigest + `"}]}`,
		`{"layers":[{"digest":"` + someDigest + `/../x"}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, manifest []byte) {
		blob, err := registry.OnlyBlob(manifest)
		switch {
		case err != nil && !errors.Is(err, provider.ErrNoEnvelope):
			t.Fatalf("an error of its own: %v", err)
		case err != nil:
			wireable(t, err.Error())
		case blob.Digest.Validate() != nil, blob.Size < 0, blob.Size > registry.MaxEnvelopeBytes:
			t.Fatalf("it would fetch %q of %d bytes", blob.Digest, blob.Size)
		}
	})
}
