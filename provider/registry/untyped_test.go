package registry_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const earlyType = "application/vnd.oci.artifact.manifest.v1+json"

// manifestOf is a manifest with those members.
func manifestOf(t *testing.T, members map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// entryOf is how a list has a manifest that it does not tell the type of.
func entryOf(mediaType string, manifest []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(manifest), Size: int64(len(manifest))}
}

// listing serves a list by the API, and manifests by digest; the tag schema has nothing.
func listing(t *testing.T, list []ocispec.Descriptor, manifests ...[]byte) *fake {
	t.Helper()
	text, err := json.Marshal(ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: list})
	if err != nil {
		t.Fatal(err)
	}
	return newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") {
			sendIndex(w, text)
			return
		}
		i := slices.IndexFunc(manifests, func(m []byte) bool { return strings.HasSuffix(r.URL.Path, digest.FromBytes(m).String()) })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kindIn(list, manifests[i]))
		_, _ = w.Write(manifests[i])
	})
}

func kindIn(list []ocispec.Descriptor, manifest []byte) string {
	for _, entry := range list {
		if entry.Digest == digest.FromBytes(manifest) {
			return entry.MediaType
		}
	}
	return imageType
}

func TestTheManifestTellsTheTypeWhereTheListDoesNot(t *testing.T) {
	type members = map[string]any
	chain := map[string]string{provider.ThumbprintAnnotation: `["ab"]`, "other": "x"}
	for _, c := range []struct {
		name      string
		mediaType string
		manifest  members
		signature bool
	}{
		{"config's media type", imageType, members{"config": members{"mediaType": signatureType}, "annotations": chain}, true},
		{"artifact type", imageType, members{"artifactType": signatureType, "config": members{"mediaType": ocispec.MediaTypeEmptyJSON}}, true},
		{"early artifact manifest", earlyType, members{"artifactType": signatureType}, true},
		{"artifact type first", imageType, members{"artifactType": "application/spdx+json", "config": members{"mediaType": signatureType}}, false},
		{"an image", imageType, members{"config": members{"mediaType": ocispec.MediaTypeImageConfig}}, false},
		{"an older signature", imageType, members{"artifactType": "application/vnd.cncf.notary.v2.signature"}, false},
		{"no type at all", imageType, members{}, false},
		{"no sense", imageType, members{"config": "x"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			manifest := manifestOf(t, c.manifest)
			f := listing(t, []ocispec.Descriptor{entryOf(c.mediaType, manifest)}, manifest)
			list, more, err := ask(t, f, registry.Options{}, "api")
			if (len(list) == 1) != c.signature || more || err != nil {
				t.Fatalf("%+v, more %t, %v", list, more, err)
			}
			if !c.signature {
				return
			}
			if list[0].ArtifactType != signatureType || list[0].Digest != digest.FromBytes(manifest) {
				t.Errorf("listed as %+v", list[0])
			}
			if want := chain[provider.ThumbprintAnnotation]; c.name == "config's media type" && (list[0].Annotations[provider.ThumbprintAnnotation] != want || len(list[0].Annotations) != 1) {
				t.Errorf("annotations %v", list[0].Annotations)
			}
		})
	}
}

// A type that says nothing, for it is that of a config, a manifest or an index, or a default, is no word on what the artifact
// is: the manifest has it. A type that says something else is one.
func TestATypeThatSaysNothingIsLookedInto(t *testing.T) {
	signature := manifestOf(t, map[string]any{"artifactType": signatureType})
	early := manifestOf(t, map[string]any{"artifactType": ocispec.MediaTypeEmptyJSON, "config": map[string]any{"mediaType": signatureType}})
	sbom := manifestOf(t, map[string]any{"artifactType": "application/spdx+json"})
	for _, tc := range []struct {
		artifactType string
		fetched      bool
	}{
		{ocispec.MediaTypeEmptyJSON, true},
		{ocispec.MediaTypeImageConfig, true},
		{"application/vnd.docker.container.image.v1+json", true},
		{"application/vnd.unknown.config.v1+json", true},
		{"application/vnd.unknown.artifact.v1", true},
		{ocispec.MediaTypeImageManifest, true},
		{ocispec.MediaTypeImageIndex, true},
		{"application/octet-stream", true},
		{"application/json; charset=utf-8", true},
		{"Application/VND.cncf.Notary.Signature", true},
		{signatureType + "; v=1", true},
		{" " + signatureType, true},
		{"application/spdx+json", false},
		{"application/vnd.dev.cosign.artifact.sig.v1+json", false},
		{"application/vnd.in-toto+json", false},
		{"application/vnd.cncf.notary.v2.signature", false},
		{"///", false},
	} {
		t.Run(tc.artifactType, func(t *testing.T) {
			var list []ocispec.Descriptor
			for _, manifest := range [][]byte{signature, early, sbom} {
				list = append(list, entryOf(imageType, manifest))
				list[len(list)-1].ArtifactType = tc.artifactType
			}
			f := listing(t, list, signature, early, sbom)
			got, more, err := ask(t, f, registry.Options{}, "api")
			want := 0
			if tc.fetched {
				want = 2
			}
			if len(got) != want || more || err != nil || len(f.requests()) > 1 != tc.fetched {
				t.Errorf("%d listed, want %d; %d requests; more %t, %v", len(got), want, len(f.requests()), more, err)
			}
		})
	}
}

// An entry that does not tell the type keeps out none that does, before it or after it, and is not counted beside it.
func TestAnEntryWithoutATypeKeepsOutNone(t *testing.T) {
	manifest := manifestOf(t, map[string]any{"artifactType": signatureType})
	untyped := entryOf(imageType, manifest)
	typed := untyped
	typed.ArtifactType = signatureType
	for _, list := range [][]ocispec.Descriptor{{untyped, typed}, {typed, untyped}} {
		f := listing(t, list) // which does not have the manifest
		got, more, err := ask(t, f, registry.Options{}, "api")
		if len(got) != 1 || more || err != nil || len(f.requests()) != 1 {
			t.Errorf("%d listed, %d requests, more %t, %v", len(got), len(f.requests()), more, err)
		}
	}
}

// What can be no signature is not fetched to learn what it is.
func TestWhatCanBeNoSignatureIsNotLookedInto(t *testing.T) {
	manifest := manifestOf(t, map[string]any{"artifactType": signatureType})
	entry := func(change func(*ocispec.Descriptor)) ocispec.Descriptor {
		entry := entryOf(imageType, manifest)
		change(&entry)
		return entry
	}
	f := listing(t, []ocispec.Descriptor{
		entry(func(d *ocispec.Descriptor) { d.ArtifactType = "application/spdx+json" }),
		entry(func(d *ocispec.Descriptor) { d.MediaType = ocispec.MediaTypeImageIndex }),
		entry(func(d *ocispec.Descriptor) { d.MediaType = dockerType }),
		entry(func(d *ocispec.Descriptor) { d.MediaType = "" }),
		entry(func(d *ocispec.Descriptor) { d.Digest = "../../x" }),
		entry(func(d *ocispec.Descriptor) { d.Digest = "" }),
		entry(func(d *ocispec.Descriptor) { d.Size = registry.MaxSignatureManifestBytes + 1 }),
		entry(func(d *ocispec.Descriptor) { d.Size = -1 }),
	}, manifest)
	if list, more, err := ask(t, f, registry.Options{}, "api"); len(list) > 0 || more || err != nil {
		t.Errorf("%+v, more %t, %v", list, more, err)
	}
	if got := f.requests(); len(got) != 1 {
		t.Errorf("asked %+v", got)
	}
}

// One that cannot be fetched, or is not what the list says, may be the good signature.
func TestWhatCannotBeLookedIntoMayBeASignature(t *testing.T) {
	sound := manifestOf(t, map[string]any{"artifactType": signatureType})
	other := manifestOf(t, map[string]any{"artifactType": "application/spdx+json"})
	lost := entryOf(imageType, []byte("lost"))
	longer := entryOf(imageType, other)
	longer.Size++
	for _, tc := range []struct {
		name string
		bad  ocispec.Descriptor
	}{{"not there", lost}, {"of another size", longer}} {
		for _, with := range []int{0, 1} {
			list := append([]ocispec.Descriptor{tc.bad}, slices.Repeat([]ocispec.Descriptor{entryOf(imageType, sound)}, with)...)
			got, more, err := ask(t, listing(t, list, sound, other), registry.Options{}, "api")
			undecided(t, err, provider.CauseRegistry)
			if len(got) != with || more {
				t.Errorf("%s: %+v, more %t", tc.name, got, more)
			}
		}
	}
}

func TestNoMoreManifestsAreLookedIntoThanAllowed(t *testing.T) {
	var list []ocispec.Descriptor
	var manifests [][]byte
	for i := range 5 {
		manifests = append(manifests, manifestOf(t, map[string]any{"artifactType": signatureType, "n": i}))
		list = append(list, entryOf(imageType, manifests[i]))
	}
	list[4].Annotations = map[string]string{provider.ThumbprintAnnotation: `["ab"]`}
	for _, tc := range []struct {
		limit int
		more  bool
	}{{1, true}, {4, true}, {5, false}, {6, false}} {
		f := listing(t, list, manifests...)
		got, hasMore, err := ask(t, f, registry.Options{Signatures: tc.limit}, "api")
		if len(got) != min(tc.limit, 5) || hasMore != tc.more || err != nil || got[0].Digest != list[4].Digest {
			t.Errorf("%d allowed: %d listed, more %t, %v; want first what has a signature's annotation", tc.limit, len(got), hasMore, err)
		}
		if asked := len(f.requests()); asked != 1+min(tc.limit, 5) {
			t.Errorf("%d allowed: %d requests", tc.limit, asked)
		}
	}
	// What both ways list is looked into once, and the bound is one for both.
	f := listing(t, list[:1], manifests...)
	if got, _, err := ask(t, f, registry.Options{Signatures: 1}, "both"); len(got) != 1 || err != nil || len(f.requests()) != 3 {
		t.Errorf("%d listed, %d requests, %v", len(got), len(f.requests()), err)
	}
}

// A list by the API that tells no types and has no signature is an empty one: the tag schema is looked at.
func TestTheTagIsAskedWhereTheAPIListsOtherThings(t *testing.T) {
	w := rig.ForTest(t)
	byAPI := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(byAPI, "production/a", "1")
	w.Sign(image, rig.Signature{Defect: rig.NotASignature, Listed: rig.ListedAPI})
	w.Sign(image, rig.Signature{Listed: rig.ListedTag})
	byAPI.Inject(rig.Match{Class: rig.ClassReferrers}, rig.Untyped())
	if got, err := listed(t, referring(t, byAPI, config.ReferrersAuto), image); got != 1 || err != nil {
		t.Errorf("%d signatures, %v", got, err)
	}
}
