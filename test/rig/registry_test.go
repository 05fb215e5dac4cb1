package rig_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func listSignatures(ctx context.Context, repository *remote.Repository, image rig.Image) (int, error) {
	count := 0
	err := repository.Referrers(ctx, image.Descriptor, "application/vnd.cncf.notary.signature",
		func(found []ocispec.Descriptor) error {
			count += len(found)
			return nil
		})
	return count, err
}

// client is an HTTP client that trusts the registry.
func client(t *testing.T, registry *rig.Registry) *http.Client {
	t.Helper()
	repository, err := registry.Remote("production/a")
	if err != nil {
		t.Fatal(err)
	}
	return repository.Client.(*auth.Client).Client
}

// get reads a manifest over the network.
func get(ctx context.Context, client *http.Client, image rig.Image) (*http.Response, string, error) {
	url := "https://" + image.Registry.Host + "/v2/" + image.Repository + "/manifests/" + image.Tag
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Accept", ocispec.MediaTypeImageManifest)
	response, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

func TestFaultsDoWhatTheySay(t *testing.T) {
	w := rig.ForTest(t)
	for _, opts := range kinds() {
		image := w.PushImage(w.Registry(opts), "production/a", "1")
		ask := func() (*http.Response, string, error) {
			return get(t.Context(), client(t, image.Registry), image)
		}
		_, real, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name   string
			fault  rig.Fault
			status int
			body   string // contained
			fails  bool
		}{
			{name: "status", fault: rig.Status(429, http.Header{"Retry-After": {"7"}}), status: 429, body: "errors"},
			{name: "html", fault: rig.HTML(), status: 200, body: "<!DOCTYPE html>"},
			{name: "cut", fault: rig.Cut(), fails: true},
			{name: "delay", fault: rig.Delay(20 * time.Millisecond), status: 200, body: real},
			{name: "truncate", fault: rig.Truncate(10), status: 200, body: real[:10], fails: true},
			{name: "rewrite", fault: rig.Rewrite(func([]byte) []byte { return []byte("{}") }), status: 200, body: "{}"},
		} {
			t.Run(string(opts.Kind)+" "+c.name, func(t *testing.T) {
				defer image.Registry.Inject(rig.Match{Class: rig.ClassManifest}, c.fault)()
				response, body, err := ask()
				if (err != nil) != c.fails {
					t.Fatalf("error %v, want one: %t", err, c.fails)
				}
				if response != nil && response.StatusCode != c.status || !strings.Contains(body, c.body) {
					t.Errorf("answer %v %q, want %d %q", response, body, c.status, c.body)
				}
				if c.status == 429 && response.Header.Get("Retry-After") != "7" {
					t.Errorf("header %v", response.Header)
				}
			})
		}
		if _, body, err := ask(); err != nil || body != real {
			t.Errorf("%s: after all faults were lifted: %q, %v", opts.Kind, body, err)
		}
	}
}

func TestAnAnswerCanBeRelabelledAndDiverted(t *testing.T) {
	w := rig.ForTest(t)
	for _, opts := range kinds() {
		image := w.PushImage(w.Registry(opts), "production/a", "1")
		other := w.PushImage(image.Registry, "production/a", "2")
		asked := client(t, image.Registry)

		lift := image.Registry.Inject(rig.Match{}, rig.Header("Docker-Content-Digest", "sha256:5"))
		response, _, err := get(t.Context(), asked, image)
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Docker-Content-Digest") != "sha256:5" {
			t.Errorf("%s: relabelled: %v, %v", opts.Kind, response, err)
		}
		lift()
		_, want, err := get(t.Context(), asked, other)
		if err != nil {
			t.Fatal(err)
		}
		image.Registry.Inject(rig.Match{}, rig.Divert(strings.NewReplacer("/manifests/1", "/manifests/2").Replace))
		response, got, err := get(t.Context(), asked, image)
		if err != nil || got != want || response.Header.Get("Docker-Content-Digest") != other.Descriptor.Digest.String() {
			t.Errorf("%s: diverted: %v %q, %v, want %q", opts.Kind, response, got, err, want)
		}
	}
}

// A body drips until its client leaves or the fault is lifted.
func TestDrip(t *testing.T) {
	w := rig.ForTest(t)
	for _, opts := range kinds() {
		image := w.PushImage(w.Registry(opts), "production/a", "1")
		asked := client(t, image.Registry)
		_, want, err := get(t.Context(), asked, image)
		if err != nil {
			t.Fatal(err)
		}
		lift := image.Registry.Inject(rig.Match{}, rig.Drip(20*time.Millisecond))
		impatient, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		response, got, err := get(impatient, asked, image)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || response == nil || got == "" || !strings.HasPrefix(want, got) {
			t.Errorf("%s: the impatient client got %v %q, %v", opts.Kind, response, got, err)
		}
		time.AfterFunc(50*time.Millisecond, lift)
		if _, got, err := get(t.Context(), asked, image); err != nil || got != want {
			t.Errorf("%s: the patient client got %q, %v", opts.Kind, got, err)
		}
	}
}

func TestAHungRequestEndsWithItsClientOrItsFault(t *testing.T) {
	w := rig.ForTest(t)
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	asked := client(t, image.Registry)
	lift := image.Registry.Inject(rig.Match{}, rig.Hang())

	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := get(impatient, asked, image); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the impatient client got %v", err)
	}
	patient := make(chan error)
	go func() {
		_, _, err := get(t.Context(), asked, image)
		patient <- err
	}()
	for image.Registry.Count(rig.ClassManifest) < 2 {
		time.Sleep(time.Millisecond)
	}
	lift()
	lift() // more than once is as good as once
	if err := <-patient; err != nil {
		t.Errorf("the patient client got %v", err)
	}
}

func TestAFaultHitsTheRequestsItIsMeantFor(t *testing.T) {
	w := rig.ForTest(t)
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	asked := client(t, image.Registry)
	image.Registry.Inject(rig.Match{Path: "/manifests/1$", Method: "GET", Skip: 1, Times: 2}, rig.Status(500, nil))
	image.Registry.Inject(rig.Match{Path: "/nowhere"}, rig.Status(501, nil))
	for i, want := range []int{200, 500, 500, 200} {
		response, _, err := get(t.Context(), asked, image)
		if err != nil || response.StatusCode != want {
			t.Errorf("request %d: %v, %v, want %d", i, response, err, want)
		}
	}
	// Pushing goes past the fault injector.
	image.Registry.Inject(rig.Match{}, rig.Status(500, nil))
	w.Sign(w.PushImage(image.Registry, "production/a", "2"), rig.Signature{})
	if got := image.Registry.Count(); got != 4 {
		t.Errorf("%d requests noted, want 4: %+v", got, image.Registry.Requests())
	}
	image.Registry.Forget()
	if got := image.Registry.Count(); got != 0 {
		t.Errorf("%d requests noted after forgetting", got)
	}
}

func TestTheLogTellsWhatWasAsked(t *testing.T) {
	w := rig.ForTest(t)
	for _, tc := range []struct {
		kind rig.Kind
		want map[rig.Class]int
	}{
		{rig.API, map[rig.Class]int{rig.ClassResolve: 1, rig.ClassReferrers: 1, rig.ClassReferrersTag: 0, rig.ClassManifest: 1, rig.ClassBlob: 1}},
		{rig.Tag, map[rig.Class]int{rig.ClassResolve: 1, rig.ClassReferrers: 1, rig.ClassReferrersTag: 1, rig.ClassManifest: 1, rig.ClassBlob: 1}},
	} {
		image := w.PushImage(w.Registry(rig.RegistryOptions{Kind: tc.kind}), "production/a", "1")
		w.Sign(image, rig.Signature{})
		if err := verify(t, image, w.Trust(image.Name())); err != nil {
			t.Fatal(err)
		}
		for class, count := range tc.want {
			if got := image.Registry.Count(class); got != count {
				t.Errorf("%s: %d %s requests, want %d: %+v", tc.kind, got, class, count, image.Registry.Requests())
			}
		}
	}
}

func TestRegistriesAskForCredentials(t *testing.T) {
	w := rig.ForTest(t)
	for _, asks := range []rig.Auth{rig.Basic, rig.Token} {
		t.Run(string(asks), func(t *testing.T) {
			registry := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: asks})
			image := w.PushImage(registry, "production/a", "1")
			w.Sign(image, rig.Signature{})
			if err := verify(t, image, w.Trust(image.Name())); err != nil {
				t.Errorf("with the registry's account: %v", err)
			}
			seen := registry.Requests(rig.ClassBlob)
			if len(seen) != 1 || !strings.HasPrefix(seen[0].Authorization, map[rig.Auth]string{rig.Basic: "Basic ", rig.Token: "Bearer "}[asks]) {
				t.Errorf("requests for blobs %+v", seen)
			}
			for _, tc := range []struct {
				name       string
				credential auth.Credential
			}{
				{"none", auth.Credential{}},
				{"wrong password", auth.Credential{Username: registry.Username, Password: "wrong"}},
				{"wrong name", auth.Credential{Username: "wrong", Password: registry.Password}},
			} {
				if code := refusal(t, image, tc.credential); code != http.StatusUnauthorized && code != http.StatusForbidden {
					t.Errorf("%s: status %d", tc.name, code)
				}
			}
		})
	}
}

// refusal is the status that a client with the credential gets when it resolves the image.
func refusal(t *testing.T, image rig.Image, credential auth.Credential) int {
	t.Helper()
	repository, err := image.Registry.Remote(image.Repository)
	if err != nil {
		t.Fatal(err)
	}
	repository.Client.(*auth.Client).Credential = auth.StaticCredential(image.Registry.Host, credential)
	_, err = repository.Resolve(t.Context(), image.Tag)
	var response *errcode.ErrorResponse
	if errors.As(err, &response) {
		return response.StatusCode
	}
	if errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return http.StatusUnauthorized
	}
	t.Logf("error %v", err)
	return 0
}

func TestATokenOpensOnlyWhatTheAccountMayRead(t *testing.T) {
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token, Readable: []string{"production/a"}})
	mine := w.PushImage(registry, "production/a", "1")
	theirs := w.PushImage(registry, "production/b", "1")
	account := auth.Credential{Username: registry.Username, Password: registry.Password}
	if code := refusal(t, mine, account); code != 0 {
		t.Errorf("the account cannot read its own: %d", code)
	}
	if code := refusal(t, theirs, account); code != http.StatusUnauthorized {
		t.Errorf("reading another's: status %d", code)
	}
}

func TestDockerConfigHoldsTheAccounts(t *testing.T) {
	w := rig.ForTest(t)
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	open := w.Registry(rig.RegistryOptions{})
	store, err := credentials.NewFileStore(w.WriteDockerConfig(private, open))
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.Get(t.Context(), private.Host)
	if err != nil || got.Username != private.Username || got.Password != private.Password {
		t.Errorf("account %+v, %v", got, err)
	}
	if got, err := store.Get(t.Context(), open.Host); err != nil || got != auth.EmptyCredential {
		t.Errorf("an account for a registry that has none: %+v, %v", got, err)
	}
}

func TestARegistryMayServePlainHTTP(t *testing.T) {
	w := rig.ForTest(t)
	image := w.PushImage(w.Registry(rig.RegistryOptions{PlainHTTP: true}), "production/a", "1")
	w.Sign(image, rig.Signature{})
	if err := verify(t, image, w.Trust(image.Name())); err != nil {
		t.Error(err)
	}
}
