package registry_test

import (
	"crypto/sha512"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

const (
	imageType = ocispec.MediaTypeImageManifest
	// content is the manifest of the fakes below.
	content = `{"schemaVersion":2,"mediaType":"` + imageType + `","config":{},"layers":[]}`
)

// says is what a registry answers about a manifest, by method.
type says struct {
	status       int // 200 if 0
	kind, digest string
	length       string // of a HEAD; "chunked" for a GET without one
	body         string // of a GET
	challenge    string // of a 401
}

func (s says) answer(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Content-Type"] = nil
	for _, tc := range []struct{ name, value string }{{"Content-Type", s.kind}, {"Docker-Content-Digest", s.digest}, {"WWW-Authenticate", s.challenge}} {
		if tc.value != "" {
			header.Set(tc.name, tc.value)
		}
	}
	if r.Method == http.MethodHead && s.length != "" {
		header.Set("Content-Length", s.length)
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
	}
	if s.length == "chunked" {
		_ = http.NewResponseController(w).Flush()
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write([]byte(s.body))
	}
}

// resolving asks a registry that answers so for team/app, by tag or by a digest.
func resolving(t *testing.T, head, get says, by digest.Digest) (desc ocispec.Descriptor, requests int, err error) {
	t.Helper()
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			head.answer(w, r)
			return
		}
		get.answer(w, r)
	})
	image := provider.Image{Host: f.host, Repository: f.host + "/team/app", Tag: "1"}
	if by != "" {
		image = image.At(by)
	}
	desc, err = open(t, registry.Options{Registries: []config.Registry{f.settings(t)}}).Resolve(t.Context(), image)
	return desc, len(f.requests()), err
}

func sum(text string) string { return digest.FromString(text).String() }

func sum512(text string) digest.Digest {
	hashed := sha512.Sum512([]byte(text))
	return digest.NewDigestFromBytes(digest.SHA512, hashed[:])
}

// good are answers to the letter.
func good() (head, get says) {
	length := strconv.Itoa(len(content))
	return says{kind: imageType, digest: sum(content), length: length}, says{kind: imageType, digest: sum(content), body: content}
}

func TestGETDecidesWhereHEADDoesNot(t *testing.T) {
	right, get := good()
	length := right.length
	heads := map[string]says{
		"no digest":          {kind: imageType, length: length},
		"a broken digest":    {kind: imageType, length: length, digest: `"` + sum(content) + `"`},
		"a weak digest":      {kind: imageType, length: length, digest: "md5:d41d8cd98f00b204e9800998ecf8427e"},
		"no length":          {kind: imageType, digest: sum(content)},
		"a length of 0":      {kind: imageType, digest: sum(content), length: "0"},
		"no type":            {digest: sum(content), length: length},
		"JSON":               {kind: "application/json", digest: sum(content), length: length},
		"bytes":              {kind: "application/octet-stream", digest: sum(content), length: length},
		"a page":             {kind: "text/html; charset=utf-8", length: length},
		"no type, by far":    {kind: "///", digest: sum(content), length: length},
		"nothing (204)":      {status: 204},
		"not modified (304)": {status: 304},
	}
	for _, status := range []int{400, 401, 402, 403, 405, 406, 407, 408, 410, 411, 412, 413, 414, 415, 417, 418, 421, 422, 426, 501} {
		heads[strconv.Itoa(status)] = says{status: status}
	}
	for name, head := range heads {
		for _, by := range []digest.Digest{"", digest.FromString(content)} {
			t.Run(name+" by "+string(by), func(t *testing.T) {
				desc, requests, err := resolving(t, head, get, by)
				if err != nil || desc.Digest != digest.FromString(content) || desc.Size != int64(len(content)) || desc.MediaType != imageType {
					t.Errorf("%+v, %v", desc, err)
				}
				if requests != 2 {
					t.Errorf("%d requests", requests)
				}
			})
		}
	}
}

func TestHEADDecidesWhereItCan(t *testing.T) {
	head, _ := good()
	tooMuch := says{status: http.StatusTeapot}
	for _, c := range []struct {
		name     string
		head     says
		requests int
		cause    provider.Cause
		err      error
	}{
		{"to the letter", head, 1, "", nil},
		{"a parameter", says{kind: imageType + "; charset=utf-8", digest: head.digest, length: head.length}, 1, "", nil},
		{"not there", says{status: 404}, 1, "", provider.ErrNotFound},
		{"credentials", says{status: 401, challenge: `Basic realm="x"`}, 1, provider.CauseCredentials, nil},
		{"too often", says{status: 429}, 2, provider.CauseRegistry, nil},
		{"failed, once more", says{status: 500}, 2, provider.CauseRegistry, nil},
		{"away, once more", says{status: 503}, 2, provider.CauseRegistry, nil},
		{"timeout, once more", says{status: 504}, 2, provider.CauseRegistry, nil},
	} {
		for _, by := range []digest.Digest{"", digest.FromString(content)} {
			t.Run(c.name+" by "+string(by), func(t *testing.T) {
				desc, requests, err := resolving(t, c.head, tooMuch, by)
				switch {
				case c.cause != "":
					undecided(t, err, c.cause)
				case !errors.Is(err, c.err) || err == nil && desc.Digest != digest.FromString(content):
					t.Errorf("%+v, %v", desc, err)
				}
				if requests != c.requests {
					t.Errorf("%d requests, want %d", requests, c.requests)
				}
			})
		}
	}
}

func TestWhatGETSendsIsHashedAndRead(t *testing.T) {
	const index = `{"schemaVersion":2,"manifests":[]}`
	refused := says{status: 405}
	plain, list := digest.FromString(content), digest.FromString(index)
	for _, c := range []struct {
		name   string
		get    says
		by     digest.Digest
		digest digest.Digest // "" for nonsense
		kind   string
	}{
		{"no digest", says{kind: imageType, body: content}, "", plain, imageType},
		{"no digest, by digest", says{kind: imageType, body: content}, plain, plain, imageType},
		{"no length", says{kind: imageType, length: "chunked", body: content}, "", plain, imageType},
		{"JSON", says{kind: "application/json", body: content}, "", plain, imageType},
		{"no type", says{body: content}, "", plain, imageType},
		{"an index", says{kind: "application/json", body: index}, "", list, ocispec.MediaTypeImageIndex},
		{"an index by its type", says{kind: ocispec.MediaTypeImageIndex, body: index}, list, list, ocispec.MediaTypeImageIndex},
		{"Docker's", says{kind: dockerType, body: `{"schemaVersion":2,"mediaType":"` + dockerType + `"}`}, "", digest.FromString(`{"schemaVersion":2,"mediaType":"` + dockerType + `"}`), dockerType},
		{"a long digest, by tag", says{kind: imageType, digest: sum512(content).String(), body: content}, "", sum512(content), imageType},
		{"by a long digest", says{kind: imageType, body: content}, sum512(content), sum512(content), imageType},
		{"long and short digest", says{kind: imageType, digest: sum(content), body: content}, sum512(content), sum512(content), imageType},
		{"broken digest", says{kind: imageType, digest: "sha256", body: content}, "", plain, imageType},

		{"another's digest", says{kind: imageType, digest: sum("x"), body: content}, "", "", ""},
		{"another's digest by digest", says{kind: imageType, digest: sum("x"), body: content}, plain, "", ""},
		{"other bytes", says{kind: imageType, body: content + " "}, plain, "", ""},
		{"other bytes, right header", says{kind: imageType, digest: sum(content), body: content + " "}, plain, "", ""},
		{"a page", says{kind: "text/html", body: "<html>"}, "", "", ""},
		{"a page by digest", says{kind: "text/html", body: content}, plain, "", ""},
		{"a page called JSON", says{kind: "application/json", body: "<html>"}, "", "", ""},
		{"a page called a manifest", says{kind: imageType, body: "<html>"}, "", "", ""},
		{"JSON for machines", says{kind: "application/json", body: `{"message":"sign in"}`}, "", "", ""},
		{"an error", says{kind: "application/json", body: `{"errors":[]}`}, "", "", ""},
		{"two kinds", says{kind: ocispec.MediaTypeImageIndex, body: content}, "", "", ""},
		{"another's name", says{kind: dockerType, body: content}, "", "", ""},
		{"two kinds in one", says{kind: imageType, body: `{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}`}, "", "", ""},
		{"two kinds, untold", says{kind: "application/json", body: `{"config":{},"layers":[],"manifests":[]}`}, "", "", ""},
		{"nothing", says{kind: imageType}, "", "", ""},
		{"too much", says{kind: imageType, length: "chunked", body: content + strings.Repeat(" ", registry.MaxManifestBytes)}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			desc, _, err := resolving(t, refused, c.get, c.by)
			if c.digest == "" {
				undecided(t, err, provider.CauseRegistry)
			} else if err != nil || desc.Digest != c.digest || desc.MediaType != c.kind || desc.Size != int64(len(c.get.body)) {
				t.Errorf("%+v, %v", desc, err)
			}
		})
	}
	for _, tc := range []struct {
		status int
		cause  provider.Cause
	}{{401, provider.CauseCredentials}, {403, provider.CauseCredentials}, {412, provider.CauseRegistry}, {500, provider.CauseRegistry}} {
		_, _, err := resolving(t, refused, says{status: tc.status}, "")
		undecided(t, err, tc.cause)
	}
	if _, _, err := resolving(t, refused, says{status: 404}, ""); !errors.Is(err, provider.ErrNotFound) {
		t.Error(err)
	}
}

const dockerType = "application/vnd.docker.distribution.manifest.v2+json"

// A HEAD that names another digest than the one that was asked for is a fault of the registry; one of another algorithm
// may be right.
func TestHEADOfAnotherDigestIsNotBelieved(t *testing.T) {
	head, get := good()
	if _, _, err := resolving(t, head, get, digest.FromString("x")); err == nil {
		t.Error("it was believed")
	}
	if desc, _, err := resolving(t, head, get, sum512(content)); err != nil || desc.Digest != sum512(content) {
		t.Errorf("%+v, %v", desc, err)
	}
}
