package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// walk asks for all that a verification needs, and returns what went wrong first.
func walk(ctx context.Context, r *registry.Client, image rig.Image) error {
	repository := r.Repository(tagged(image))
	desc, err := repository.Resolve(ctx)
	if err != nil {
		return err
	}
	list, _, err := listSignatures(ctx, repository, desc)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errUnsigned
	}
	_, _, err = repository.Envelope(ctx, list[0])
	return err
}

var errUnsigned = errors.New("no signature is listed")

func TestEveryFaultOfARegistryLeavesItsCause(t *testing.T) {
	w := rig.ForTest(t)
	private, byAPI := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token}), w.Registry(rig.RegistryOptions{})
	account := w.WriteDockerConfig(private)
	images := map[*rig.Registry]rig.Image{}
	for _, r := range []*rig.Registry{private, byAPI} {
		images[r] = w.PushImage(r, "production/a", "1")
		w.Sign(images[r], rig.Signature{})
	}
	type at struct {
		registry *rig.Registry
		class    rig.Class
		path     string
	}
	places := []at{
		{private, rig.ClassToken, ""}, {private, rig.ClassReferrersTag, ""}, {private, rig.ClassManifest, ""},
		{private, rig.ClassBlob, ""}, {byAPI, rig.ClassReferrers, ""}, {byAPI, rig.ClassManifest, ""}, {byAPI, rig.ClassBlob, ""},
		{private, "", "/manifests/1$"}, // HEAD and GET of the tag
	}
	for _, c := range []struct {
		name   string
		effect rig.Fault
		cause  provider.Cause
		says   string
	}{
		{"400", rig.Status(400, nil), provider.CauseRegistry, "answered 400"},
		{"401", rig.Status(401, nil), provider.CauseCredentials, "refuses access (401)"},
		{"403", rig.Status(403, nil), provider.CauseCredentials, "refuses access (403)"},
		{"405", rig.Status(405, nil), provider.CauseRegistry, "answered 405"},
		{"418", rig.Status(418, nil), provider.CauseRegistry, "answered 418"},
		{"429", rig.Status(429, http.Header{"Retry-After": {"60"}}), provider.CauseRegistry, "limits the rate of requests"},
		{"500", rig.Status(500, nil), provider.CauseRegistry, "answered 500"},
		{"502", rig.Status(502, nil), provider.CauseRegistry, "answered 502"},
		{"503", rig.Status(503, nil), provider.CauseRegistry, "answered 503"},
		{"cut off", rig.Cut(), provider.CauseRegistry, "the registry"},
		{"a hang", rig.Hang(), provider.CauseRegistry, "in time"},
		{"a page", rig.HTML(), provider.CauseRegistry, "the registry"},
		{"truncated", rig.Truncate(5), provider.CauseRegistry, "the registry"},
		{"junk", rig.Rewrite(func(body []byte) []byte { return []byte(strings.Repeat("x", len(body))) }), provider.CauseRegistry, "the registry"},
		{"emptied", rig.Rewrite(func([]byte) []byte { return nil }), provider.CauseRegistry, "the registry"},
		{"an endless loop", rig.Status(307, http.Header{"Location": {"?again"}}), provider.CauseRegistry, "the registry"},
		{"sent inside", rig.Status(302, http.Header{"Location": {"https://169.254.169.254/latest"}}), provider.CauseRegistry, "inside the network; if it is meant"},
	} {
		for _, place := range places {
			if place.path != "" && strings.Contains("truncated junk emptied", c.name) { // HEAD has no body
				continue
			}
			if place.class == rig.ClassReferrers && strings.Contains("400 405", c.name) { // which say that there is no API
				continue
			}
			t.Run(c.name+" at "+string(place.registry.Kind)+" "+string(place.class)+place.path, func(t *testing.T) {
				timeout := 20 * time.Second
				if c.name == "a hang" {
					timeout = 150 * time.Millisecond
				}
				r := open(t, registry.Options{
					Registries:     []config.Registry{settings(t, place.registry)},
					DockerConfigs:  []string{account},
					RequestTimeout: timeout,
				})
				place.registry.Forget()
				lift := place.registry.Inject(rig.Match{Class: place.class, Path: place.path}, c.effect)
				defer lift()
				err := walk(t.Context(), r, images[place.registry])
				if u := undecided(t, err, c.cause); !strings.Contains(u.Detail, c.says) {
					t.Errorf("%q, want %q", u.Detail, c.says)
				}
				if c.name != "429" {
					return
				}
				asked := place.registry.Count()
				if u := undecided(t, walk(t.Context(), r, images[place.registry]), c.cause); !strings.Contains(u.Detail, "left alone until") {
					t.Error(u.Detail)
				}
				if got := place.registry.Count(); got != asked {
					t.Errorf("asked %d times more, though it wants to rest", got-asked)
				}
			})
		}
	}
}

func TestA404MeansWhatWasAskedFor(t *testing.T) {
	w := rig.ForTest(t)
	private, byAPI := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token}), w.Registry(rig.RegistryOptions{})
	for _, c := range []struct {
		registry *rig.Registry
		class    rig.Class
		want     error // nil for ignorance
	}{
		{private, rig.ClassResolve, provider.ErrNotFound},
		{private, rig.ClassManifest, provider.ErrNotFound},
		{private, rig.ClassBlob, provider.ErrNotFound},
		{private, rig.ClassReferrersTag, errUnsigned},
		{private, rig.ClassToken, nil}, // a token service that is not there says nothing of any image
		{byAPI, rig.ClassReferrers, errUnsigned},
	} {
		image := w.PushImage(c.registry, "production/a", "1")
		w.Sign(image, rig.Signature{})
		for _, referrers := range []config.Referrers{"auto", "both"} {
			own := settings(t, c.registry)
			own.Referrers = referrers
			r := open(t, registry.Options{Registries: []config.Registry{own}, DockerConfigs: []string{w.WriteDockerConfig(private)}})
			lift := c.registry.Inject(rig.Match{Class: c.class}, rig.Status(404, nil))
			err := walk(t.Context(), r, image)
			lift()
			if c.want == nil {
				undecided(t, err, provider.CauseRegistry)
			} else if !errors.Is(err, c.want) {
				t.Errorf("404 at %s: %v, want %v", c.class, err, c.want)
			}
		}
	}
}

func TestATokenServiceThatVanishesMakesNoImageUnsigned(t *testing.T) {
	w := rig.ForTest(t)
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token})
	image := w.PushImage(private, "production/a", "1")
	w.Sign(image, rig.Signature{})
	private.Inject(rig.Match{Class: rig.ClassToken}, rig.Status(404, nil))
	for _, referrers := range []config.Referrers{"auto", "api", "tag", "both"} {
		own := settings(t, private)
		own.Referrers = referrers
		r := open(t, registry.Options{Registries: []config.Registry{own}, DockerConfigs: []string{w.WriteDockerConfig(private)}})
		_, _, err := listSignatures(t.Context(), r.Repository(pinned(image)), image.Descriptor)
		undecided(t, err, provider.CauseRegistry)
	}
}

func TestATokenServiceThatIsAwayForAMomentHidesNoAPI(t *testing.T) {
	var f *fake
	f = newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token" && len(f.requests()) == 2:
			http.NotFound(w, r)
		case r.URL.Path == "/token":
			_, _ = w.Write([]byte(`{"token":"opaque"}`))
		case r.Header.Get("Authorization") == "":
			challenge(w, `Bearer realm="https://`+r.Host+`/token",service="s"`)
		case strings.Contains(r.URL.Path, "/referrers/"):
			sendIndex(w, index(0, 1))
		default:
			http.NotFound(w, r)
		}
	})
	r := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}})
	ask := func() ([]ocispec.Descriptor, bool, error) {
		return listSignatures(t.Context(), r.Repository(f.image()), ocispec.Descriptor{Digest: someDigest, Size: 1})
	}
	_, _, err := ask()
	undecided(t, err, provider.CauseRegistry)
	if list, _, err := ask(); len(list) != 1 || err != nil {
		t.Errorf("%d signatures, %v", len(list), err)
	}
}

func TestWhatCannotBeReachedIsIgnorance(t *testing.T) {
	gone := newFake(t, http.NotFound)
	gone.Close()
	for _, c := range []struct {
		name  string
		image provider.Image
		guard *egress.Guard
		says  string
	}{
		{"no listener", gone.image(), egress.NewGuard(gone.host), "refuses connections"},
		{"a private address, not named", gone.image(), egress.NewGuard(), "inside the network"},
		{"cloud metadata", imageOf("169.254.169.254"), egress.NewGuard(), "inside the network"},
		{"a name there is not", imageOf("registry.invalid"), egress.NewGuard(), "DNS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, registry.Options{Guard: c.guard})
			for what, ask := range questions(r, c.image) {
				if u := undecided(t, ask(t.Context()), provider.CauseRegistry); !strings.Contains(u.Detail, c.says) {
					t.Errorf("%s: %q, want %q", what, u.Detail, c.says)
				}
			}
		})
	}
}

// A request whose time is over leaves the image undecided.
func TestRequestOutOfTimeIsUndecided(t *testing.T) {
	w := rig.ForTest(t)
	slow := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(slow, "production/a", "1")
	slow.Inject(rig.Match{}, rig.Hang())
	for what, ask := range questions(referring(t, slow, "auto"), pinned(image)) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if u := undecided(t, ask(ctx), provider.CauseRegistry); !strings.Contains(u.Detail, "in time") {
			t.Errorf("%s: %q", what, u.Detail)
		}
		cancel()
	}
}

func TestRequestsAreCountedByConfiguredHostOnly(t *testing.T) {
	w := rig.ForTest(t)
	named, other := w.Registry(rig.RegistryOptions{PlainHTTP: true}), w.Registry(rig.RegistryOptions{})
	seen := map[string][]int{}
	r := open(t, registry.Options{
		Registries: []config.Registry{{Host: named.Host, PlainHTTPUnsafe: true}},
		Guard:      egress.NewGuard(named.Host, other.Host),
		Observe:    func(host string, status int, _ time.Duration) { seen[host] = append(seen[host], status) },
	})
	for _, host := range []string{named.Host, other.Host} {
		_, _ = r.Resolve(t.Context(), imageOf(host))
	}
	if len(seen) != 2 || len(seen[named.Host]) != 1 || seen[named.Host][0] != 404 || len(seen["other"]) != 1 || seen["other"][0] != 0 {
		t.Errorf("%v", seen)
	}
}

func TestAnImageIsAskedForByDigestWhereItHasOne(t *testing.T) {
	w := rig.ForTest(t)
	from := w.Registry(rig.RegistryOptions{})
	first := w.PushImage(from, "production/a", "latest")
	second := w.PushImage(from, "production/a", "latest")
	image := tagged(first)
	image.Digest = first.Descriptor.Digest // host/production/a:latest@sha256:…, and the tag has moved
	r := referring(t, from, "auto")
	if desc, err := r.Resolve(t.Context(), image); err != nil || desc.Digest != first.Descriptor.Digest {
		t.Errorf("%v, %v", desc.Digest, err)
	}
	if desc, err := r.Resolve(t.Context(), tagged(second)); err != nil || desc.Digest != second.Descriptor.Digest {
		t.Errorf("%v, %v", desc.Digest, err)
	}
}

// An answer with another digest than the one asked for is refused.
func TestAnAnswerForAnotherDigestIsRefused(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Content-Length", "5")
		w.Header().Set("Docker-Content-Digest", strings.ReplaceAll(someDigest, "1", "2"))
	})
	_, err := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}}).Resolve(t.Context(), f.image())
	undecided(t, err, provider.CauseRegistry)
}
