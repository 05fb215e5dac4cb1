package registry_test

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// listed is how many signatures are listed.
func listed(t *testing.T, r *registry.Client, image rig.Image) (int, error) {
	t.Helper()
	list, more, err := listSignatures(t.Context(), r.Repository(pinned(image)), image.Descriptor)
	if more {
		t.Error("there are said to be more")
	}
	for _, desc := range list {
		if desc.Annotations == nil {
			t.Error("a signature is listed without its annotations")
		}
	}
	return len(list), err
}

func referring(t *testing.T, r *rig.Registry, referrers config.Referrers) *registry.Client {
	t.Helper()
	c := settings(t, r)
	c.Referrers = referrers
	return open(t, registry.Options{Registries: []config.Registry{c}})
}

// Signatures are found the way the registry is configured.
func TestSignaturesAreFoundAsConfigured(t *testing.T) {
	w := rig.ForTest(t)
	byAPI, byTag := w.Registry(rig.RegistryOptions{}), w.Registry(rig.RegistryOptions{Kind: rig.Tag})
	image := func(r *rig.Registry, listings ...rig.Listing) rig.Image {
		image := w.PushImage(r, "production/a", "1")
		for _, listing := range listings {
			w.Sign(image, rig.Signature{Listed: listing})
		}
		w.Sign(image, rig.Signature{Defect: rig.NotASignature}) // an SBOM refers to every image
		return image
	}
	for _, c := range []struct {
		name  string
		image rig.Image
		want  map[config.Referrers]int // -1 for ignorance
	}{
		{"API, listed by API", image(byAPI, rig.ListedAPI), map[config.Referrers]int{"auto": 1, "api": 1, "tag": 0, "both": 1}},
		{"API, listed by tag alone", image(byAPI, rig.ListedTag), map[config.Referrers]int{"auto": 1, "api": 0, "tag": 1, "both": 1}},
		{"API, one by API and another by tag", image(byAPI, rig.ListedAPI, rig.ListedTag), map[config.Referrers]int{"auto": 1, "api": 1, "tag": 1, "both": 2}},
		{"API, one by both", image(byAPI, rig.ListedBoth), map[config.Referrers]int{"auto": 1, "api": 1, "tag": 1, "both": 1}},
		{"API, none", image(byAPI), map[config.Referrers]int{"auto": 0, "api": 0, "tag": 0, "both": 0}},
		{"no API, two", image(byTag, rig.ListedTag, rig.ListedTag), map[config.Referrers]int{"auto": 2, "api": -1, "tag": 2, "both": 2}},
		{"no API, none", image(byTag), map[config.Referrers]int{"auto": 0, "api": -1, "tag": 0, "both": 0}},
	} {
		for referrers, want := range c.want {
			t.Run(c.name+", asked by "+string(referrers), func(t *testing.T) {
				r := referring(t, c.image.Registry, referrers)
				for range 2 { // what is remembered of the first time changes nothing
					got, err := listed(t, r, c.image)
					if want < 0 {
						undecided(t, err, provider.CauseRegistry)
					} else if got != want || err != nil {
						t.Errorf("%d signatures, want %d: %v", got, want, err)
					}
				}
			})
		}
	}
}

func TestThatTheAPIIsMissingIsRememberedAndForgotten(t *testing.T) {
	w := rig.ForTest(t)
	byTag := w.Registry(rig.RegistryOptions{Kind: rig.Tag})
	image := w.PushImage(byTag, "production/a", "1")
	w.Sign(image, rig.Signature{})
	r := referring(t, byTag, config.ReferrersAuto)
	for range 3 {
		if got, err := listed(t, r, image); got != 1 || err != nil {
			t.Fatalf("%d signatures, %v", got, err)
		}
	}
	if api, tag := byTag.Count(rig.ClassReferrers), byTag.Count(rig.ClassReferrersTag); api != 1 || tag != 3 {
		t.Errorf("asked by API %d times and by tag %d times, want 1 and 3", api, tag)
	}
	other := w.PushImage(byTag, "production/b", "1")
	if _, err := listed(t, r, other); err != nil || byTag.Count(rig.ClassReferrers) != 2 {
		t.Errorf("another repository may have what this one lacks: %d requests, %v", byTag.Count(rig.ClassReferrers), err)
	}
	r.LapseMemory()
	if _, err := listed(t, r, image); err != nil || byTag.Count(rig.ClassReferrers) != 3 {
		t.Errorf("what is remembered lapses: %d requests, %v", byTag.Count(rig.ClassReferrers), err)
	}

	byTag.Forget()
	unsigned := w.PushImage(byTag, "production/a", "2")
	if got, err := listed(t, r, unsigned); got != 0 || err != nil {
		t.Errorf("%d signatures, %v", got, err)
	}
	if api, tag := byTag.Count(rig.ClassReferrers), byTag.Count(rig.ClassReferrersTag); api != 1 || tag != 1 {
		t.Errorf("before an image is unsigned both are asked once; the API was %d times and the tag %d times", api, tag)
	}
}

// first is the first list of an image's signatures.
func first(t *testing.T, r *registry.Client, image rig.Image) (found provider.Listing, err error) {
	t.Helper()
	for found, err = range r.Repository(pinned(image)).Signatures(t.Context(), image.Descriptor) {
		return found, err
	}
	return found, errors.New("no list at all")
}

func TestAMomentWithoutTheAPIMakesNoImageUnsignedLater(t *testing.T) {
	w := rig.ForTest(t)
	byAPI := w.Registry(rig.RegistryOptions{})
	oldest, newest := w.PushImage(byAPI, "production/a", "1"), w.PushImage(byAPI, "production/a", "2")
	w.Sign(oldest, rig.Signature{Listed: rig.ListedTag})
	w.Sign(newest, rig.Signature{Listed: rig.ListedAPI})
	for _, tc := range []struct {
		name   string
		effect rig.Fault
	}{{"404", rig.Status(404, nil)}, {"400", rig.Status(400, nil)}, {"a page", rig.HTML()}} {
		t.Run(tc.name, func(t *testing.T) {
			r := referring(t, byAPI, config.ReferrersAuto)
			lift := byAPI.Inject(rig.Match{Class: rig.ClassReferrers}, tc.effect)
			if got, err := first(t, r, oldest); len(got.Signatures) != 1 || err != nil {
				t.Errorf("%d signatures by tag, %v", len(got.Signatures), err)
			}
			lift()
			if got, err := listed(t, r, newest); got != 1 || err != nil {
				t.Errorf("%d signatures by API, once it is back: %v", got, err)
			}
		})
	}
}

// A proxy that answers 200 with a page for people says neither that an image is there nor that it is unsigned.
func TestALoginPageIsNeitherAnImageNorAnEmptyList(t *testing.T) {
	w := rig.ForTest(t)
	for _, kind := range []rig.Kind{rig.API, rig.Tag} {
		behind := w.Registry(rig.RegistryOptions{Kind: kind})
		image := w.PushImage(behind, "production/a", "1")
		w.Sign(image, rig.Signature{})
		for _, referrers := range []config.Referrers{"auto", "api", "tag", "both"} {
			r := referring(t, behind, referrers)
			lift := behind.Inject(rig.Match{}, rig.HTML())
			_, err := r.Resolve(t.Context(), pinned(image))
			undecided(t, err, provider.CauseRegistry)
			_, err = listed(t, r, image)
			undecided(t, err, provider.CauseRegistry)
			lift()
		}
	}
}

func TestAPageForMachinesIsNoEmptyListEither(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"message":"sign in"}`)
	})
	for _, referrers := range []config.Referrers{"auto", "api", "tag", "both"} {
		_, _, err := ask(t, f, registry.Options{}, referrers)
		undecided(t, err, provider.CauseRegistry)
	}
}

func TestAListThatIsNotTheOneUnderItsDigestIsIgnorance(t *testing.T) {
	w := rig.ForTest(t)
	byTag := w.Registry(rig.RegistryOptions{Kind: rig.Tag})
	image := w.PushImage(byTag, "production/a", "1")
	w.Sign(image, rig.Signature{})
	byTag.Inject(rig.Match{Class: rig.ClassReferrersTag}, rig.Rewrite(func([]byte) []byte { return []byte(`{"manifests":[]}`) }))
	_, err := listed(t, referring(t, byTag, "auto"), image)
	undecided(t, err, provider.CauseRegistry)
}

func TestATagThatLeadsToTheImageItselfListsNothing(t *testing.T) {
	w := rig.ForTest(t)
	byAPI := w.Registry(rig.RegistryOptions{})
	index, image := w.PushIndex(byAPI, "production/a", "1"), w.PushImage(byAPI, "production/a", "2")
	for _, tc := range []struct {
		of *rig.Image
		to rig.Image
	}{{&index, index}, {&image, index.Children[0]}} {
		w.MoveTag(tc.to, strings.Replace(tc.of.Descriptor.Digest.String(), ":", "-", 1))
		if got, err := listed(t, referring(t, byAPI, config.ReferrersTag), *tc.of); got != 0 || err != nil {
			t.Errorf("%d signatures, %v", got, err)
		}
	}
	if got := byAPI.Count(rig.ClassManifest); got != 0 {
		t.Errorf("%d manifests of the image were looked into", got)
	}
}

// The tag of a long digest is cut as the specification has it.
func TestTheReferrersTagOfALongDigestIsCut(t *testing.T) {
	sum := sha512.Sum512([]byte("image"))
	long := digest.NewDigestFromBytes(digest.SHA512, sum[:])
	f := newFake(t, http.NotFound)
	c := f.settings(t)
	c.Referrers = config.ReferrersTag
	image := imageOf(f.host).At(long)
	r := open(t, registry.Options{Registries: []config.Registry{c}})
	list, more, err := listSignatures(t.Context(), r.Repository(image), ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: long, Size: 5})
	if len(list) != 0 || more || err != nil {
		t.Error(list, more, err)
	}
	want := fmt.Sprintf("/v2/team/app/manifests/sha512-%s", hex.EncodeToString(sum[:])[:64])
	if got := f.requests(); len(got) != 1 || got[0].path != want {
		t.Errorf("asked for %+v, want %s", got, want)
	}
}
