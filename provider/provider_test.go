package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// trust covers the hosts it names, under its generation's policy.
type trust struct {
	mu         sync.Mutex
	hosts      []string
	generation int
	snapshots  int
}

func (tr *trust) Snapshot() provider.Snapshot {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.snapshots++
	return snapshot{tr, tr.generation}
}

func (tr *trust) reload() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.generation++
}

type snapshot struct {
	*trust
	at int
}

func (s snapshot) Verifier(image provider.Image) (provider.Verifier, bool) {
	if !slices.Contains(s.hosts, image.Host) {
		return nil, false
	}
	return policy(fmt.Sprintf("generation %d", s.at)), true
}

type policy string

func (p policy) Policy() string      { return string(p) }
func (p policy) Fingerprint() string { return string(p) }
func (p policy) VerifyKnown(context.Context, provider.Image, ocispec.Descriptor) (provider.Verdict, bool) {
	panic("the provider uses its cache only")
}
func (p policy) Verify(context.Context, provider.Image, ocispec.Descriptor) (provider.Verdict, error) {
	panic("the provider uses its cache only")
}

// memory answers by functions, and notes whom it was asked about.
type memory struct {
	recall  func(provider.Image, provider.Verifier) (provider.Verdict, bool)
	verify  func(context.Context, provider.Image, provider.Verifier) (provider.Verdict, error)
	resolve func(context.Context, provider.Image) (ocispec.Descriptor, error)

	mu    sync.Mutex
	asked []string
}

func (m *memory) note(question string, image provider.Image) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, question+" "+image.String())
}

func (m *memory) Get(image provider.Image, p provider.Verifier) (provider.Verdict, bool) {
	m.note("recall", image)
	if m.recall == nil {
		return provider.Verdict{}, false
	}
	return m.recall(image, p)
}

func (m *memory) Verify(ctx context.Context, image provider.Image, p provider.Verifier) (provider.Verdict, error) {
	m.note("verify", image)
	return m.verify(ctx, image, p)
}

func (m *memory) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	m.note("resolve", image)
	return m.resolve(ctx, image)
}

func good(_ context.Context, image provider.Image, p provider.Verifier) (provider.Verdict, error) {
	return provider.Verdict{Reason: provider.Verified, Image: image.At(sha256), Policy: p.Policy()}, nil
}

func hang(ctx context.Context, _ provider.Image, _ provider.Verifier) (provider.Verdict, error) {
	<-ctx.Done()
	return provider.Verdict{}, provider.Undecided(provider.CauseDeadline, ctx.Err(), "not settled in time")
}

// asked returns a provider whose trust covers in.example.
func providerOf(t *testing.T, m *memory) *provider.Provider {
	t.Helper()
	p, err := provider.New(provider.Options{
		Trust: &trust{hosts: []string{"in.example"}}, Cache: m,
		Settings: provider.Settings{AnswerWithin: 1800 * time.Millisecond, MutateWithin: 800 * time.Millisecond, Images: 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEachDistinctKeyHasOneFindingInOrder(t *testing.T) {
	m := &memory{verify: good}
	keys := []string{"in.example/c", "in.example/a", "in.example/c", "IN.example/a", "in.example/b\n", "in.example/a", "", "in.example/a:latest", ""}
	var got []string
	for _, f := range providerOf(t, m).Answer(t.Context(), keys) {
		got = append(got, f.Key+" "+string(f.Verdict.Reason))
	}
	want := []string{
		"in.example/c verified", "in.example/a verified", "IN.example/a verified", "in.example/b\n malformed", " malformed", "in.example/a:latest verified",
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings\n%q; want\n%q", got, want)
	}
	if got := providerOf(t, m).Answer(t.Context(), nil); len(got) != 0 {
		t.Errorf("findings for no keys: %v", got)
	}
}

func TestKeysAreEchoedByteForByte(t *testing.T) {
	keys := []string{"x\xff", "x\x00", " x", "X:443/y", "\x1b[31m", strings.Repeat("k", 1<<20), "in.example/é", "in.example/e\u0301", "IN.EXAMPLE:443/x"}
	p := providerOf(t, &memory{verify: good, resolve: resolved})
	for i, f := range p.Answer(t.Context(), keys) {
		if f.Key != keys[i] {
			t.Errorf("finding %d is for %.40q; want %.40q", i, f.Key, keys[i])
		}
	}
	for i, pin := range p.Pin(t.Context(), keys) {
		if pin.Key != keys[i] {
			t.Errorf("pin %d is for %.40q; want %.40q", i, pin.Key, keys[i])
		}
	}
}

func TestWhatNeedsNoNetworkNeverReachesMemory(t *testing.T) {
	m := &memory{} // asked for anything but Recall, it panics
	findings := providerOf(t, m).Answer(t.Context(), []string{"https://in.example/x", "out.example/x", "in.example.evil.io/x", "in.example:8443/x", sha256, "postgres"})
	want := []provider.Reason{provider.Malformed, provider.OutOfScope, provider.OutOfScope, provider.OutOfScope, provider.Malformed, provider.OutOfScope}
	for i, f := range findings {
		if f.Err != nil || f.Verdict.Reason != want[i] || f.Verdict.Detail == "" {
			t.Errorf("%s: %+v; want %s, with a detail", f.Key, f, want[i])
		}
	}
	if len(m.asked) > 0 {
		t.Errorf("memory was asked to %q", m.asked)
	}
	if got, want := findings[5].Verdict.Detail, "no trust policy covers docker.io/library/postgres"; got != want {
		t.Errorf("detail %q; want %q", got, want)
	}
}

func TestWhatIsRememberedIsNotAskedAgain(t *testing.T) {
	m := &memory{recall: func(image provider.Image, p provider.Verifier) (provider.Verdict, bool) {
		return provider.Verdict{Reason: provider.Unsigned, Image: image}, true
	}}
	f := providerOf(t, m).Answer(t.Context(), []string{"in.example/x"})[0]
	if f.Verdict.Reason != provider.Unsigned || f.Err != nil || !slices.Equal(m.asked, []string{"recall in.example/x:latest"}) {
		t.Errorf("finding %+v after %q; want the cached verdict, and no question", f, m.asked)
	}
}

func TestOneSlowImageCostsItsNeighboursNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{verify: func(ctx context.Context, image provider.Image, p provider.Verifier) (provider.Verdict, error) {
			if image.Path() == "slow" {
				return hang(ctx, image, p)
			}
			time.Sleep(time.Second) // side by side, or they would not be in time
			return good(ctx, image, p)
		}}
		keys := []string{"in.example/a", "in.example/slow", "in.example/b", "in.example/c", "nonsense//"}
		began := time.Now()
		findings := providerOf(t, m).Answer(t.Context(), keys)
		if took := time.Since(began); took != 1800*time.Millisecond {
			t.Errorf("answered after %v; want 1.8 s", took)
		}
		var got []string
		for _, f := range findings {
			cause := provider.Cause("")
			if f.Err != nil {
				cause = f.Err.Cause
			}
			got = append(got, string(f.Verdict.Reason)+"/"+string(cause))
		}
		if want := []string{"verified/", "/deadline", "verified/", "verified/", "malformed/"}; !slices.Equal(got, want) {
			t.Errorf("findings %q; want %q", got, want)
		}
	})
}

func TestTheAnswerComesInTimeWhateverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{verify: hang, resolve: func(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
			_, err := hang(ctx, image, nil)
			return ocispec.Descriptor{}, err
		}}
		var keys []string
		for i := range 256 {
			keys = append(keys, fmt.Sprintf("in.example/x%d", i))
		}
		began := time.Now()
		for _, f := range providerOf(t, m).Answer(t.Context(), keys) {
			if f.Err == nil || f.Err.Cause != provider.CauseDeadline || f.Verdict.Good() {
				t.Errorf("%s: %+v; want undecided, deadline", f.Key, f)
			}
		}
		if took := time.Since(began); took != 1800*time.Millisecond {
			t.Errorf("Answer took %v; want 1.8 s", took)
		}
		began = time.Now()
		for _, pin := range providerOf(t, m).Pin(t.Context(), keys) {
			if pin.Image != "" || pin.Problem != "undecided: deadline: not settled in time" {
				t.Errorf("%+v; want undecided, deadline", pin)
			}
		}
		if took := time.Since(began); took != 800*time.Millisecond {
			t.Errorf("Pin took %v; want 0.8 s", took)
		}
	})
}

func TestAnAskerWhoLeavesIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		f := providerOf(t, &memory{verify: hang}).Answer(ctx, []string{"in.example/x"})[0]
		if f.Err == nil || time.Since(began) != time.Millisecond {
			t.Errorf("%+v after %v; want undecided after 1 ms", f, time.Since(began))
		}
	})
}

func TestARequestIsJudgedByOneSnapshot(t *testing.T) {
	tr := &trust{hosts: []string{"in.example"}}
	m := &memory{verify: good, recall: func(provider.Image, provider.Verifier) (provider.Verdict, bool) {
		tr.reload() // in the middle of every request
		return provider.Verdict{}, false
	}}
	p, err := provider.New(provider.Options{Trust: tr, Cache: m, Settings: provider.Settings{AnswerWithin: time.Minute, MutateWithin: time.Minute, Images: 10}})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"in.example/a", "in.example/b", "in.example/c"}
	for _, want := range []string{"generation 0", "generation 3"} {
		for _, f := range p.Answer(t.Context(), keys) {
			if f.Verdict.Policy != want {
				t.Errorf("%s is verified under %s; want %s", f.Key, f.Verdict.Policy, want)
			}
		}
	}
	if tr.snapshots != 2 {
		t.Errorf("%d snapshots for two requests", tr.snapshots)
	}
}

func TestWhateverGoesWrongIsUndecidedAndNeverGood(t *testing.T) {
	var none *provider.UndecidedError
	overload := provider.Undecided(provider.CauseOverload, nil, "too much")
	for _, tc := range []struct {
		name  string
		err   error
		cause provider.Cause
	}{
		{"any error", errors.New("dial tcp 10.0.0.1: refused"), provider.CauseInternal},
		{"a context's", context.DeadlineExceeded, provider.CauseInternal},
		{"not found, as error", provider.ErrNotFound, provider.CauseInternal},
		{"a nil UndecidedError", none, provider.CauseInternal},
		{"an UndecidedError", overload, provider.CauseOverload},
		{"a wrapped one", fmt.Errorf("verifying: %w", overload), provider.CauseOverload},
	} {
		m := &memory{verify: func(ctx context.Context, image provider.Image, p provider.Verifier) (provider.Verdict, error) {
			verdict, _ := good(ctx, image, p) // beside an error it must not count
			return verdict, tc.err
		}}
		f := providerOf(t, m).Answer(t.Context(), []string{"in.example/x"})[0]
		if f.Verdict.Good() || f.Verdict.Reason != "" || f.Err == nil {
			t.Errorf("%s: %+v; want undecided and no verdict", tc.name, f)
			continue
		}
		if f.Err.Cause != tc.cause || strings.Contains(f.Err.Detail, "10.0.0.1") {
			t.Errorf("%s: cause %s, detail %q; want %s, and nothing that is for the log", tc.name, f.Err.Cause, f.Err.Detail, tc.cause)
		}
	}
}

func TestAnEmptyVerdictIsNotGood(t *testing.T) {
	m := &memory{verify: func(context.Context, provider.Image, provider.Verifier) (provider.Verdict, error) {
		return provider.Verdict{}, nil
	}}
	if f := providerOf(t, m).Answer(t.Context(), []string{"in.example/x"})[0]; f.Verdict.Good() {
		t.Errorf("%+v is good", f)
	}
}

func TestJunkDoesNotFillTheMemoryOfParsedKeys(t *testing.T) {
	p := providerOf(t, &memory{verify: good})
	var junk []string
	for i := range 100 {
		junk = append(junk, fmt.Sprintf("junk//%d", i))
	}
	p.Answer(t.Context(), append(junk, "in.example/x"))
	if n := p.Parsed(); n != 1 {
		t.Errorf("%d keys are kept parsed; want the only one that parses", n)
	}
}

func TestTheProviderNeedsRoomForParsedKeys(t *testing.T) {
	if _, err := provider.New(provider.Options{}); err == nil {
		t.Error("New without room succeeds")
	}
}

func resolved(context.Context, provider.Image) (ocispec.Descriptor, error) {
	return ocispec.Descriptor{Digest: sha256}, nil
}

func TestPinResolvesTagsAndJudgesNothing(t *testing.T) {
	m := &memory{resolve: func(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
		switch image.Path() {
		case "gone":
			return ocispec.Descriptor{}, fmt.Errorf("asking: %w", provider.ErrNotFound)
		case "down":
			return ocispec.Descriptor{}, provider.Undecided(provider.CauseRegistry, errors.New("dial 10.0.0.1"), "the registry answered 500")
		case "broken":
			return ocispec.Descriptor{Digest: sha256}, errors.New("dial 10.0.0.1")
		}
		return resolved(ctx, image)
	}}
	want := []provider.Pinned{
		{Key: "in.example/x", Image: "in.example/x@" + sha256},
		{Key: "in.example/x:1", Image: "in.example/x:1@" + sha256},
		{Key: "IN.example:443/x:1", Image: "IN.example:443/x:1@" + sha256},
		{Key: "in.example/x@" + sha512, Image: "in.example/x@" + sha512},
		{Key: "in.example/x:1@" + sha512, Image: "in.example/x:1@" + sha512},
		{Key: "out.example/x", Image: "out.example/x"},
		{Key: "postgres", Image: "postgres"},
		{Key: "in.example/X", Problem: "malformed: the repository has capitals; write it in lower case"},
		{Key: "", Problem: "malformed: it is empty"},
		{Key: "in.example/x?metadata.vetted=x", Problem: "malformed: conditions are for /validate; an image is pinned without them"},
		{Key: "out.example/x?metadata.vetted=x", Problem: "malformed: conditions are for /validate; an image is pinned without them"},
		{Key: "in.example/gone", Problem: "not-found: the registry has no in.example/gone:latest"},
		{Key: "in.example/down", Problem: "undecided: registry: the registry answered 500"},
		{Key: "in.example/broken", Problem: "undecided: internal: the provider has a fault"},
	}
	var keys []string
	for _, pin := range want {
		keys = append(keys, pin.Key, pin.Key)
	}
	got := providerOf(t, m).Pin(t.Context(), keys)
	if !slices.Equal(got, want) {
		t.Errorf("Pin\n%+v; want\n%+v", got, want)
	}
	slices.Sort(m.asked)
	if want := []string{
		"resolve in.example/broken:latest", "resolve in.example/down:latest", "resolve in.example/gone:latest",
		"resolve in.example/x:1", "resolve in.example/x:1", "resolve in.example/x:latest",
	}; !slices.Equal(m.asked, want) {
		t.Errorf("memory was asked to %q; want %q", m.asked, want)
	}
}

// Other deadlines are those of the next request.
func TestDeadlinesCanChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{verify: hang, resolve: func(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
			_, err := hang(ctx, image, nil)
			return ocispec.Descriptor{}, err
		}}
		p := providerOf(t, m)
		p.Configure(provider.Settings{AnswerWithin: 3 * time.Second, MutateWithin: 2 * time.Second, Images: 1})
		began := time.Now()
		p.Answer(t.Context(), []string{"in.example/a", "in.example/b"})
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("answered after %v", took)
		}
		began = time.Now()
		p.Pin(t.Context(), []string{"in.example/a"})
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("pinned after %v", took)
		}
	})
}
