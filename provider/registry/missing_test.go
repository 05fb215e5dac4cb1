package registry_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// lacking are the statuses by which a registry says that it has no referrers API.
func lacking() []int { return []int{400, 404, 405, 406, 410, 415, 501} }

// hiding are other statuses: signatures may be behind them, so that an image without any is undecided.
func hiding() []int {
	return []int{402, 407, 408, 409, 411, 412, 414, 417, 418, 421, 422, 423, 425, 426, 428, 431, 451, 499, 500, 502, 503, 504, 505, 300, 304}
}

// Each status that says that there is no referrers API is played by the other tests of this file.
func TestEveryStatusWithoutTheAPIIsPlayed(t *testing.T) {
	for status := 100; status < 600; status++ {
		request := &url.URL{Path: "/v2/production/a/referrers/sha256:0"}
		lacks, listed := registry.LacksReferrersAPI(&errcode.ErrorResponse{Method: http.MethodGet, URL: request, StatusCode: status}), slices.Contains(lacking(), status)
		switch {
		case lacks && !listed:
			t.Errorf("LacksReferrersAPI takes status %d for a registry without the referrers API: add it to lacking, and take it out of hiding", status)
		case !lacks && listed:
			t.Errorf("lacking has status %d, and LacksReferrersAPI does not take it for a registry without the referrers API: add it there, or move it to hiding", status)
		}
	}
}

// answers are what a referrers API that lists nothing may answer, and whether that may hide signatures.
func answers() map[string]struct {
	effect rig.Fault
	hides  provider.Cause // "" if it says that there is no API
} {
	all := map[string]struct {
		effect rig.Fault
		hides  provider.Cause
	}{
		"a page":       {rig.HTML(), provider.CauseRegistry},
		"JSON":         {rig.Status(200, nil), provider.CauseRegistry},
		"plain text":   {rig.Header("Content-Type", "text/plain"), provider.CauseRegistry},
		"junk":         {rig.Rewrite(func([]byte) []byte { return []byte("[1") }), provider.CauseRegistry},
		"a cut":        {rig.Cut(), provider.CauseRegistry},
		"429 at once":  {rig.Status(429, http.Header{"Retry-After": {"0"}}), provider.CauseRegistry},
		"a name error": {nameUnknown, ""},
	}
	for _, status := range lacking() {
		all[strconv.Itoa(status)] = struct {
			effect rig.Fault
			hides  provider.Cause
		}{rig.Status(status, nil), ""}
	}
	for _, status := range hiding() {
		all[strconv.Itoa(status)] = struct {
			effect rig.Fault
			hides  provider.Cause
		}{rig.Status(status, nil), provider.CauseRegistry}
	}
	for _, status := range []int{401, 403} {
		all[strconv.Itoa(status)] = struct {
			effect rig.Fault
			hides  provider.Cause
		}{rig.Status(status, nil), provider.CauseCredentials}
	}
	return all
}

// nameUnknown is the 404 of a registry that says that it does not know the repository.
func nameUnknown(<-chan struct{}, http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}`))
	})
}

func TestTheTagIsAskedWhateverTheAPIAnswers(t *testing.T) {
	w := rig.ForTest(t)
	byAPI := w.Registry(rig.RegistryOptions{})
	signed, bare := w.PushImage(byAPI, "production/a", "1"), w.PushImage(byAPI, "production/a", "2")
	w.Sign(signed, rig.Signature{Listed: rig.ListedTag})
	for name, c := range answers() {
		for _, referrers := range []config.Referrers{config.ReferrersAuto, config.ReferrersBoth, config.ReferrersAPI} {
			t.Run(name+", asked by "+string(referrers), func(t *testing.T) {
				defer byAPI.Inject(rig.Match{Class: rig.ClassReferrers}, c.effect)()
				r := referring(t, byAPI, referrers)
				found, err := first(t, r, signed)
				if referrers == config.ReferrersAPI {
					cause := c.hides
					if cause == "" {
						cause = provider.CauseRegistry
					}
					undecided(t, err, cause)
					return
				}
				if len(found.Signatures) != 1 || err != nil {
					t.Fatalf("%d signatures, %v", len(found.Signatures), err)
				}
				if taken := found.Incomplete == nil; taken != (c.hides == "") {
					t.Fatalf("%s is taken for a registry without the referrers API: %t; the lists lacking and hiding in this file say otherwise", name, taken)
				}
				if c.hides != "" {
					undecided(t, found.Incomplete, c.hides)
				} else if found.Incomplete != nil {
					t.Errorf("incomplete: %v", found.Incomplete)
				}
				found, err = first(t, r, bare)
				if c.hides != "" {
					undecided(t, err, c.hides)
				} else if len(found.Signatures) > 0 || found.Incomplete != nil || err != nil {
					t.Errorf("%+v, %v", found, err)
				}
			})
		}
	}
}

// The memory of a registry without the API saves a request and no more. A 400 or 415 is about one request, and may be about
// another one tomorrow.
func TestOnlyWordsAboutTheAPIAreRemembered(t *testing.T) {
	w := rig.ForTest(t)
	byAPI := w.Registry(rig.RegistryOptions{})
	signed := w.PushImage(byAPI, "production/a", "1")
	w.Sign(signed, rig.Signature{Listed: rig.ListedTag})
	for _, tc := range []struct{ status, want int }{{404, 1}, {405, 1}, {410, 1}, {501, 1}, {400, 2}, {406, 2}, {415, 2}} {
		r := referring(t, byAPI, config.ReferrersAuto)
		lift := byAPI.Inject(rig.Match{Class: rig.ClassReferrers}, rig.Status(tc.status, nil))
		byAPI.Forget()
		for range 2 {
			if got, err := listed(t, r, signed); got != 1 || err != nil {
				t.Errorf("%d: %d signatures, %v", tc.status, got, err)
			}
		}
		if got := byAPI.Count(rig.ClassReferrers); got != tc.want {
			t.Errorf("%d: the API was asked %d times, want %d", tc.status, got, tc.want)
		}
		lift()
	}
}

// By "both", a good signature counts whichever way fails.
func TestTheAPICountsWhereTheTagFails(t *testing.T) {
	w := rig.ForTest(t)
	byAPI := w.Registry(rig.RegistryOptions{})
	signed, bare := w.PushImage(byAPI, "production/a", "1"), w.PushImage(byAPI, "production/a", "2")
	w.Sign(signed, rig.Signature{})
	r := referring(t, byAPI, config.ReferrersBoth)
	for _, tc := range []struct {
		cause  provider.Cause
		effect rig.Fault
	}{
		{provider.CauseCredentials, rig.Status(403, nil)}, {provider.CauseRegistry, rig.Status(500, nil)},
	} {
		lift := byAPI.Inject(rig.Match{Class: rig.ClassReferrersTag}, tc.effect)
		found, err := first(t, r, signed)
		if len(found.Signatures) != 1 || err != nil {
			t.Errorf("%d signatures, %v", len(found.Signatures), err)
		}
		undecided(t, found.Incomplete, tc.cause)
		_, err = first(t, r, bare)
		undecided(t, err, tc.cause)
		lift()
	}
}

// An API that gave a page is there. A list that ends after that is incomplete, by any status.
func TestAListThatEndsInTheMiddleIsIncomplete(t *testing.T) {
	for _, size := range []int{0, 1} {
		for _, tc := range []struct {
			status int
			cause  provider.Cause
		}{
			{404, provider.CauseRegistry}, {405, provider.CauseRegistry}, {403, provider.CauseCredentials}, {500, provider.CauseRegistry},
		} {
			f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.Contains(r.URL.Path, "/manifests/"):
					http.NotFound(w, r)
				case r.URL.Query().Get("page") != "":
					w.WriteHeader(tc.status)
				default:
					w.Header().Set("Link", "<"+r.URL.Path+`?page=2>; rel="next"`)
					sendIndex(w, index(0, size))
				}
			})
			for _, referrers := range []config.Referrers{"api", "auto", "both"} {
				list, _, err := ask(t, f, registry.Options{}, referrers)
				undecided(t, err, tc.cause)
				if len(list) != size {
					t.Errorf("%d, %s: %d listed, want %d", tc.status, referrers, len(list), size)
				}
			}
		}
	}
}

func TestAListIsReadByWhatItIs(t *testing.T) {
	const oci = ocispec.MediaTypeImageIndex
	body := func(change string) string {
		return strings.Replace(string(index(0, 1)), `{"schemaVersion":0,`, "{"+change, 1)
	}
	for _, c := range []struct {
		name              string
		contentType, body string
		list              int // -1 for nonsense
	}{
		{"to the letter", oci, body(`"schemaVersion":2,`), 1},
		{"a parameter", oci + "; charset=utf-8", body(`"schemaVersion":2,`), 1},
		{"a broken parameter", oci + "; charset", body(`"schemaVersion":2,`), 1},
		{"capitals", "Application/vnd.OCI.image.index.v1+JSON", body(""), 1},
		{"JSON", "application/json", body(`"schemaVersion":2,`), 1},
		{"JSON with a parameter", "application/json;charset=UTF-8", body(""), 1},
		{"bytes", "application/octet-stream", body(""), 1},
		{"no type", "", body(""), 1},
		{"JSON, no media type", "application/json", `{"schemaVersion":2,"manifests":[]}`, 0},
		{"JSON, null for a list", "application/json", `{"schemaVersion":2,"manifests":null}`, 0},
		{"JSON, no list", "application/json", `{"schemaVersion":2,"mediaType":"` + oci + `"}`, 0},
		{"JSON of another kind", "application/json", `{"manifests":[],"mediaType":"application/vnd.oci.image.manifest.v1+json"}`, -1},
		{"JSON of both kinds", "application/json", `{"manifests":[],"layers":[],"mediaType":"` + oci + `"}`, -1},
		{"JSON of another schema", "application/json", `{"schemaVersion":1,"manifests":[]}`, -1},
		{"JSON of no schema", "application/json", `{"schemaVersion":"two","manifests":[]}`, -1},
		{"JSON of an image", "application/json", `{"schemaVersion":2,"config":{},"layers":[]}`, -1},
		{"empty JSON", "application/json", `{}`, -1},
		{"a JSON list", "application/json", `[]`, -1},
		{"JSON's null", "application/json", `null`, -1},
		{"an error", "application/json", `{"errors":[{"code":"DENIED"}]}`, -1},
		{"a page called JSON", "application/json", `<html>`, -1},
		{"nothing", "application/json", ``, -1},
		{"a page", "text/html", body(""), -1},
		{"text", "text/plain", body(""), -1},
		{"no type of any kind", "///", body(""), -1},
		{"an image", "application/vnd.oci.image.manifest.v1+json", body(""), -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/manifests/") {
					http.NotFound(w, r)
					return
				}
				w.Header()["Content-Type"] = []string{c.contentType}
				if c.contentType == "" {
					w.Header()["Content-Type"] = nil
				}
				_, _ = w.Write([]byte(c.body))
			})
			for _, referrers := range []config.Referrers{"api", "auto", "both"} {
				list, more, err := ask(t, f, registry.Options{}, referrers)
				if c.list < 0 {
					undecided(t, err, provider.CauseRegistry)
				} else if len(list) != c.list || more || err != nil {
					t.Errorf("%s: %d listed, %v", referrers, len(list), err)
				}
			}
		})
	}
}
