package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// padded is a signature as a hostile list has it: with all that a descriptor can hold.
func padded(n int, annotations map[string]string) ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType: imageType, ArtifactType: signatureType, Digest: digest.FromString(strconv.Itoa(n)), Size: 500,
		URLs: []string{"https://elsewhere.example"}, Data: []byte("data"), Platform: &ocispec.Platform{OS: "linux"}, Annotations: annotations,
	}
}

func TestOfAListedSignatureOnlyWhatIsUsedIsKept(t *testing.T) {
	chain := func(size int) string { return strings.Repeat("x", size) }
	for _, tc := range []struct {
		size int
		kept bool
	}{{0, false}, {1, true}, {provider.MaxThumbprints, true}, {provider.MaxThumbprints + 1, false}} {
		for _, referrers := range []config.Referrers{"api", "tag"} {
			text, err := json.Marshal(ocispec.Index{Manifests: []ocispec.Descriptor{
				padded(1, map[string]string{provider.ThumbprintAnnotation: chain(tc.size), "other": "x"}),
			}})
			if err != nil {
				t.Fatal(err)
			}
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { sendIndex(w, text) })
			list, _, err := ask(t, f, registry.Options{}, referrers)
			want := ocispec.Descriptor{MediaType: imageType, ArtifactType: signatureType, Digest: digest.FromString("1"), Size: 500}
			if tc.kept {
				want.Annotations = map[string]string{provider.ThumbprintAnnotation: chain(tc.size)}
			}
			if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], want) {
				t.Errorf("by %s, annotation of %d: %v", referrers, tc.size, err)
			}
		}
	}
}

func TestAListIsBoundedInBytes(t *testing.T) {
	var hostile []ocispec.Descriptor
	for i := range registry.MaxReferrers {
		hostile = append(hostile, padded(i, map[string]string{provider.ThumbprintAnnotation: strings.Repeat("x", provider.MaxThumbprints)}))
	}
	long := padded(0, nil)
	long.MediaType = strings.Repeat("x", registry.MaxListBytes)
	for _, tc := range []struct {
		name      string
		manifests []ocispec.Descriptor
	}{{"many", hostile}, {"long", []ocispec.Descriptor{long}}} {
		text, err := json.Marshal(ocispec.Index{Manifests: tc.manifests})
		if err != nil {
			t.Fatal(err)
		}
		for _, referrers := range []config.Referrers{"api", "tag", "both"} {
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { sendIndex(w, text) })
			list, more, err := ask(t, f, registry.Options{}, referrers)
			if held := len(list) * provider.MaxThumbprints; held > registry.MaxListBytes || !more || err != nil {
				t.Errorf("%s by %s: %d listed, more %t, %v", tc.name, referrers, len(list), more, err)
			}
		}
	}
}

// An honest list of the largest number fits.
func TestAThousandHonestSignaturesAreListed(t *testing.T) {
	var honest []ocispec.Descriptor
	for i := range registry.MaxReferrers {
		chain := fmt.Sprintf(`["%064x","%064x","%064x"]`, i, 1, 2)
		honest = append(honest, padded(i, map[string]string{provider.ThumbprintAnnotation: chain}))
	}
	text, err := json.Marshal(ocispec.Index{Manifests: honest})
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { sendIndex(w, text) })
	if list, more, err := ask(t, f, registry.Options{}, "api"); len(list) != len(honest) || more || err != nil {
		t.Errorf("%d listed, more %t, %v", len(list), more, err)
	}
}

// No page is held when the next one is asked for: twenty of the largest leave next to nothing behind.
func TestPagesLeaveNothingBehind(t *testing.T) {
	page := func(number int) []byte {
		text, err := json.Marshal(ocispec.Index{Manifests: []ocispec.Descriptor{
			padded(number, map[string]string{"x": strings.Repeat("x", registry.MaxManifestBytes-2000)}),
		}})
		if err != nil {
			t.Error(err)
		}
		return text
	}
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.URL.Query().Get("page"))
		w.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, r.URL.Path, number+1))
		sendIndex(w, page(number))
	})
	before := heap()
	list, more, err := ask(t, f, registry.Options{}, "api")
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
	if len(list) != registry.MaxReferrerPages || !more || err != nil {
		t.Errorf("%d listed, more %t, %v", len(list), more, err)
	}
}

// heap is the memory in use, in bytes.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// A list that names a signature wrongly keeps out no other that names it rightly.
func TestAWrongEntryKeepsOutNoRightOne(t *testing.T) {
	right, wrong := padded(1, nil), padded(1, nil)
	wrong.MediaType = ocispec.MediaTypeImageIndex
	other := padded(1, nil)
	other.Size++
	text, err := json.Marshal(ocispec.Index{Manifests: []ocispec.Descriptor{wrong, other, right, right}})
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { sendIndex(w, text) })
	for _, referrers := range []config.Referrers{"api", "tag", "both"} {
		list, more, err := ask(t, f, registry.Options{}, referrers)
		if len(list) != 3 || list[2].MediaType != imageType || list[2].Size != right.Size || more || err != nil {
			t.Errorf("by %s: %+v, more %t, %v", referrers, list, more, err)
		}
	}
}
