package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const signatureType = "application/vnd.cncf.notary.signature"

// index is an index of so many signatures, from the number on.
func index(from, count int) []byte {
	list := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
	for i := range count {
		list.Manifests = append(list.Manifests, ocispec.Descriptor{
			MediaType: ocispec.MediaTypeImageManifest, ArtifactType: signatureType,
			Digest: digest.FromString(strconv.Itoa(from + i)), Size: 500,
		})
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return text
}

func sendIndex(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func ask(t *testing.T, f *fake, o registry.Options, referrers config.Referrers) ([]ocispec.Descriptor, bool, error) {
	t.Helper()
	c := f.settings(t)
	c.Referrers = referrers
	o.Registries = append(o.Registries, c)
	return listSignatures(t.Context(), open(t, o).Repository(f.image()), ocispec.Descriptor{Digest: someDigest, Size: 1})
}

func TestTheListOfSignaturesIsBounded(t *testing.T) {
	page := func(link func(r *http.Request) string, size int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if next := link(r); next != "" {
				w.Header().Set("Link", "<"+next+`>; rel="next"`)
			}
			number, _ := strconv.Atoi(r.URL.Query().Get("page"))
			sendIndex(w, index(number*size, size))
		}
	}
	next := func(r *http.Request) string {
		number, _ := strconv.Atoi(r.URL.Query().Get("page"))
		return fmt.Sprintf("%s?page=%d", r.URL.Path, number+1)
	}
	for _, c := range []struct {
		name        string
		handler     http.HandlerFunc
		referrers   config.Referrers
		pages, list int
		more        bool
	}{
		{"pages without end", page(next, 2), "api", registry.MaxReferrerPages, 2 * registry.MaxReferrerPages, true},
		{"a page that leads to it", page(func(r *http.Request) string { return r.URL.Path }, 1), "api", registry.MaxReferrerPages, 1, true},
		{"as many as are looked at", page(func(*http.Request) string { return "" }, registry.MaxReferrers), "api", 1, registry.MaxReferrers, false},
		{"one too many", page(func(*http.Request) string { return "" }, registry.MaxReferrers+1), "api", 1, registry.MaxReferrers, true},
		{"too many over pages", page(next, 400), "api", 3, registry.MaxReferrers, true},
		{"as many by tag", page(func(*http.Request) string { return "" }, registry.MaxReferrers), "tag", 1, registry.MaxReferrers, false},
		{"one too many by tag", page(func(*http.Request) string { return "" }, registry.MaxReferrers+1), "tag", 1, registry.MaxReferrers, true},
		{"pages without end, by both", page(next, 2), "both", registry.MaxReferrerPages + 1, 2 * registry.MaxReferrerPages, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, c.handler)
			list, more, err := ask(t, f, registry.Options{}, c.referrers)
			if len(list) != c.list || more != c.more || err != nil {
				t.Errorf("%d listed, more %t, %v", len(list), more, err)
			}
			if got := len(f.requests()); got != c.pages {
				t.Errorf("%d requests, want %d", got, c.pages)
			}
		})
	}
}

// Pages that hold no signature and do not end are ignorance, told as what they are. A signature that is listed elsewhere counts.
func TestEmptyPagesWithoutEnd(t *testing.T) {
	var byTag atomic.Bool
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/referrers/"):
			w.Header().Set("Link", "<"+r.URL.Path+`>; rel="next"`)
			sendIndex(w, index(0, 0))
		case byTag.Load():
			sendIndex(w, index(0, 1))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for _, referrers := range []config.Referrers{"api", "auto", "both"} {
		_, _, err := ask(t, f, registry.Options{}, referrers)
		if told := undecided(t, err, provider.CauseRegistry); !strings.Contains(told.Detail, "goes on after 20 pages") {
			t.Errorf("%s: told %q", referrers, told.Detail)
		}
	}
	byTag.Store(true)
	if list, _, err := ask(t, f, registry.Options{}, "auto"); len(list) != 1 {
		t.Errorf("%d listed beside the tag: %v", len(list), err)
	}
}

func TestAPageElsewhereIsNotTurnedTo(t *testing.T) {
	elsewhere := newFake(t, func(w http.ResponseWriter, _ *http.Request) { sendIndex(w, index(0, 1)) })
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<"+elsewhere.URL+r.URL.Path+`>; rel="next"`)
		sendIndex(w, index(0, 1))
	})
	_, _, err := ask(t, f, registry.Options{Registries: []config.Registry{elsewhere.settings(t)}}, "api")
	undecided(t, err, provider.CauseRegistry)
	if got := elsewhere.requests(); len(got) != 0 {
		t.Errorf("asked elsewhere: %+v", got)
	}
}

// A registry that sends large answers slowly does not keep another's large answer waiting.
func TestSlowLargeAnswersAreTheirOwn(t *testing.T) {
	const requests = 6
	begun := make(chan struct{}, requests)
	large := append(index(0, 1), strings.Repeat(" ", 200<<10)...)
	slow := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		_, _ = w.Write(large[:32<<10])
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		_, _ = w.Write(large[32<<10:])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	good := newFake(t, func(w http.ResponseWriter, _ *http.Request) { sendIndex(w, large) })
	all := open(t, registry.Options{Registries: []config.Registry{slow.settings(t), good.settings(t)}, RequestTimeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	var asked sync.WaitGroup
	defer asked.Wait()
	defer cancel()
	for range requests {
		asked.Go(func() {
			_, _, _ = listSignatures(ctx, all.Repository(slow.image()), ocispec.Descriptor{Digest: someDigest, Size: 1})
		})
	}
	for range requests {
		<-begun
	}
	soon, end := context.WithTimeout(ctx, 5*time.Second)
	defer end()
	if list, _, err := listSignatures(soon, all.Repository(good.image()), ocispec.Descriptor{Digest: someDigest, Size: 1}); len(list) != 1 || err != nil {
		t.Errorf("%d listed, %v", len(list), err)
	}
}

func TestAListThatIsTooLargeIsIgnorance(t *testing.T) {
	large := append(index(0, 1), strings.Repeat(" ", registry.MaxManifestBytes)...)
	for _, tc := range []struct {
		name string
		send func(http.ResponseWriter)
	}{
		{"told", func(w http.ResponseWriter) { sendIndex(w, large) }},
		{"not told", func(w http.ResponseWriter) { chunk(w, large) }},
	} {
		for _, referrers := range []config.Referrers{"api", "tag", "auto", "both"} {
			t.Run(tc.name+" "+string(referrers), func(t *testing.T) {
				f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { tc.send(w) })
				_, _, err := ask(t, f, registry.Options{}, referrers)
				undecided(t, err, provider.CauseRegistry)
			})
		}
	}
}

// chunk sends a body without its length, in an object that never ends.
func chunk(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(body).String())
	_ = http.NewResponseController(w).Flush()
	_, _ = w.Write(append([]byte(strings.Repeat(" ", registry.MaxManifestBytes)), body...))
}

// parts are a signature's manifest, what it is called, and its envelope.
func parts(t *testing.T, manifest any) (desc ocispec.Descriptor, body []byte) {
	t.Helper()
	body, ok := manifest.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(manifest); err != nil {
			t.Fatal(err)
		}
	}
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromBytes(body), Size: int64(len(body))}, body
}

var envelope = []byte(`{"payload":"…"}`)

func layer(change func(*ocispec.Descriptor)) ocispec.Descriptor {
	desc := ocispec.Descriptor{MediaType: "application/jose+json", Digest: digest.FromBytes(envelope), Size: int64(len(envelope))}
	if change != nil {
		change(&desc)
	}
	return desc
}

// shelf serves a manifest and the envelope under whatever digest is asked.
func shelf(t *testing.T, mediaType string, manifest []byte) *fake {
	t.Helper()
	return newFake(t, func(w http.ResponseWriter, r *http.Request) {
		body := envelope
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", mediaType)
			body = manifest
		}
		_, _ = w.Write(body)
	})
}

func TestWhatIsNoSignatureIsNotFetched(t *testing.T) {
	none := map[string]any{"mediaType": ocispec.MediaTypeImageManifest}
	for _, c := range []struct {
		name     string
		manifest any
		change   func(*ocispec.Descriptor)
		requests int
	}{
		{"junk", []byte("junk"), nil, 1},
		{"null", []byte("null"), nil, 1},
		{"a list", []byte("[]"), nil, 1},
		{"no layers", none, nil, 1},
		{"two layers", ocispec.Manifest{Layers: []ocispec.Descriptor{layer(nil), layer(nil)}}, nil, 1},
		{"a layer of 500 MB", one(func(d *ocispec.Descriptor) { d.Size = 500e6 }), nil, 1},
		{"a layer over the bound", one(func(d *ocispec.Descriptor) { d.Size = maxEnvelope + 1 }), nil, 1},
		{"a layer of less than 0", one(func(d *ocispec.Descriptor) { d.Size = -1 }), nil, 1},
		{"a layer of most of int64", one(func(d *ocispec.Descriptor) { d.Size = 1<<63 - 1 }), nil, 1},
		{"a layer without a digest", one(func(d *ocispec.Descriptor) { d.Digest = "" }), nil, 1},
		{"a layer that is a path", one(func(d *ocispec.Descriptor) { d.Digest = "sha256:../../other/blobs/x" }), nil, 1},
		{"a layer of md5", one(func(d *ocispec.Descriptor) { d.Digest = "md5:d41d8cd98f00b204e9800998ecf8427e" }), nil, 1},
		{"a manifest of 500 MB", none, func(d *ocispec.Descriptor) { d.Size = 500e6 }, 0},
		{"a manifest of less than 0", none, func(d *ocispec.Descriptor) { d.Size = -1 }, 0},
		{"a manifest over the bound", none, func(d *ocispec.Descriptor) { d.Size = registry.MaxSignatureManifestBytes + 1 }, 0},
		{"a manifest without digest", none, func(d *ocispec.Descriptor) { d.Digest = "" }, 0},
		{"a manifest that is a path", none, func(d *ocispec.Descriptor) { d.Digest = "../../../service/token?x=" }, 0},
		{"an index", none, func(d *ocispec.Descriptor) { d.MediaType = ocispec.MediaTypeImageIndex }, 0},
		{"no media type", none, func(d *ocispec.Descriptor) { d.MediaType = "" }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			desc, manifest := parts(t, c.manifest)
			f := shelf(t, desc.MediaType, manifest)
			if c.change != nil {
				c.change(&desc)
			}
			_, _, err := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}}).Repository(f.image()).Envelope(t.Context(), desc)
			if !errors.Is(err, provider.ErrNoEnvelope) {
				t.Fatalf("%v", err)
			}
			wireable(t, err.Error()) // the answer holds this text
			if got := len(f.requests()); got != c.requests {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
		})
	}
}

// one is a manifest of one layer.
func one(change func(*ocispec.Descriptor)) ocispec.Manifest {
	return ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Layers: []ocispec.Descriptor{layer(change)}}
}

func TestBothFormsOfASignatureManifestAreRead(t *testing.T) {
	const early = "application/vnd.oci.artifact.manifest.v1+json"
	for _, tc := range []struct {
		mediaType string
		manifest  any
	}{
		{ocispec.MediaTypeImageManifest, one(nil)},
		{early, map[string]any{"mediaType": early, "blobs": []ocispec.Descriptor{layer(nil)}}},
	} {
		desc, body := parts(t, tc.manifest)
		desc.MediaType = tc.mediaType
		f := shelf(t, tc.mediaType, body)
		got, blob, err := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}}).Repository(f.image()).Envelope(t.Context(), desc)
		if string(got) != string(envelope) || blob.MediaType != "application/jose+json" || err != nil {
			t.Errorf("%s: %q, %+v, %v", tc.mediaType, got, blob, err)
		}
	}
}

func TestABodyIsWhatWasAnnouncedOrItIsIgnorance(t *testing.T) {
	desc, manifest := parts(t, one(nil))
	announced := func(length string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", desc.MediaType)
			w.Header().Set("Content-Length", length)
			_, _ = w.Write(body)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", desc.MediaType)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	for _, tc := range []struct {
		name string
		bad  http.HandlerFunc
	}{
		{"500 MB", announced("500000000", []byte("x"))},
		{"more than it is", announced("100", []byte("x"))},
		{"without end", endless},
		{"other content", func(w http.ResponseWriter, _ *http.Request) {
			announced(strconv.Itoa(len(manifest)), make([]byte, len(manifest)))(w, nil)
		}},
	} {
		for _, part := range []string{"/manifests/", "/blobs/"} {
			t.Run(tc.name+part, func(t *testing.T) {
				f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case strings.Contains(r.URL.Path, part):
						tc.bad(w, r)
					case strings.Contains(r.URL.Path, "/manifests/"):
						w.Header().Set("Content-Type", desc.MediaType)
						_, _ = w.Write(manifest)
					default:
						_, _ = w.Write(envelope)
					}
				})
				_, _, err := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}}).Repository(f.image()).Envelope(t.Context(), desc)
				u := undecided(t, err, provider.CauseRegistry)
				if strings.Contains(u.Detail, "in time") {
					t.Errorf("it was waited for: %v", u)
				}
			})
		}
	}
}

func TestARequestEndsInTimeThoughItsBodyDrips(t *testing.T) {
	drip := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
			}
		}
	}
	f := newFake(t, drip)
	began := time.Now()
	_, _, err := ask(t, f, registry.Options{RequestTimeout: 50 * time.Millisecond}, "api")
	if u := undecided(t, err, provider.CauseRegistry); !strings.Contains(u.Detail, "in time") {
		t.Error(u)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestASignatureThatIsListedAndGoneIsNotFound(t *testing.T) {
	w := rig.ForTest(t)
	for _, kind := range []rig.Kind{rig.API, rig.Tag} {
		for _, tc := range []struct {
			defect rig.Defect
			want   error
		}{
			{rig.LostBlob, provider.ErrNotFound}, {rig.LostManifest, provider.ErrNotFound},
			{rig.NoLayer, provider.ErrNoEnvelope}, {rig.TwoLayers, provider.ErrNoEnvelope}, {rig.Oversized, provider.ErrNoEnvelope},
			{rig.Junk, nil}, {rig.WrongMediaType, nil},
		} {
			t.Run(string(kind)+" "+string(tc.defect), func(t *testing.T) {
				from := w.Registry(rig.RegistryOptions{Kind: kind})
				image := w.PushImage(from, "production/a", "1")
				signed := w.Sign(image, rig.Signature{Defect: tc.defect})
				_, _, err := referring(t, from, "auto").Repository(pinned(image)).Envelope(t.Context(), signed.Manifest)
				if !errors.Is(err, tc.want) {
					t.Errorf("%v, want %v", err, tc.want)
				}
			})
		}
	}
}

func TestNoRedirectLeadsOutOfTLSOrRoundForEver(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("asked in plain text for %s", r.URL.Path)
	}))
	t.Cleanup(plain.Close)
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"out of TLS", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, plain.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}},
		{"round", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusTemporaryRedirect)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			hostile := newFake(t, tc.handler)
			r := open(t, registry.Options{
				Registries: []config.Registry{hostile.settings(t)},
				Guard:      egress.NewGuard(hostile.host, strings.TrimPrefix(plain.URL, "http://")),
			})
			_, err := r.Resolve(t.Context(), hostile.image())
			undecided(t, err, provider.CauseRegistry)
			if n := len(hostile.requests()); n > 7 {
				t.Errorf("%d requests for one", n)
			}
		})
	}
}

func TestAListOfNothingIsNotReadToItsEnd(t *testing.T) {
	page := `{"manifests":[` + strings.Repeat("0,", 100_000) + `0]}`
	hostile := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		_, _ = io.WriteString(w, page)
	})
	r := open(t, registry.Options{Registries: []config.Registry{hostile.settings(t)}})
	_, _, err := listSignatures(t.Context(), r.Repository(hostile.image()), ocispec.Descriptor{Digest: someDigest})
	if !errors.Is(err, egress.ErrTooLarge) {
		t.Errorf("%v; want ErrTooLarge: a member takes a hundred times its own size once it is parsed", err)
	}
	undecided(t, err, provider.CauseRegistry)
}
