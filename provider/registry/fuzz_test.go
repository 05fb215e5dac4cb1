package registry_test

import (
	"encoding/json"
	"errors"
	"strings"
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
		blob, err := registry.OnlyBlob(manifest, maxEnvelope)
		switch {
		case err != nil && !errors.Is(err, provider.ErrNoEnvelope):
			t.Fatalf("an error of its own: %v", err)
		case err != nil:
			wireable(t, err.Error())
		case blob.Digest.Validate() != nil, blob.Size < 0, blob.Size > maxEnvelope:
			t.Fatalf("it would fetch %q of %d bytes", blob.Digest, blob.Size)
		}
	})
}

// Any answer of a registry is taken for a manifest only by its header or by its content, and never against either; pages
// and texts are no manifests.
func FuzzTheKindOfAnAnswer(f *testing.F) {
	for _, seed := range [][2]string{
		{"application/json", content}, {"", content}, {"text/html", content}, {"text/plain; charset=utf-8", content}, {imageType + ";", content},
		{"application/json", `{"manifests":null}`}, {"application/json", `{"layers":[],"config":{},"manifests":[]}`}, {imageType, `{"mediaType":"x"}`},
		{"application/octet-stream", `{"mediaType":"text/html"}`}, {"application/json", `{"schemaVersion":1}`}, {"a/b, c/d", `{}`}, {"text/", content}, {imageType, `null`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		kind, err := registry.KindOf(header, body)
		if err != nil {
			return
		}
		var said struct {
			MediaType string `json:"mediaType"`
		}
		if json.Unmarshal(body, &said) != nil || said.MediaType != "" && said.MediaType != kind {
			t.Errorf("%q is taken for %q", body, kind)
		}
		if !strings.HasPrefix(kind, "application/vnd.oci.") && !strings.HasPrefix(kind, "application/vnd.docker.") || strings.HasPrefix(header, "text/") {
			t.Errorf("%q by %q is taken for %q", body, header, kind)
		}
	})
}
