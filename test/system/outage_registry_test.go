package system

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// brief makes every answer run out before it can be given again: an hour of the real times, at once.
func brief(c *config.Config) {
	c.Cache.Verified, c.Cache.Tags, c.Cache.Refused = 1, 1, 1
}

// The registry fails for hours: two hundred known images stay verified.
func TestKnownImagesOutliveARegistryOutage(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	images := signed(t, w, r, rig.Signature{}, "production/app", 200)
	unknown := signed(t, w, r, rig.Signature{}, "production/new", 1)[0]
	var known []string
	for _, image := range images {
		known = append(known, image.Pinned())
	}
	p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
		brief(c)
		c.AnswerWithin, c.VerifyWithin, c.RequestTimeout = config.Duration(20*time.Second), config.Duration(20*time.Second), config.Duration(300*time.Millisecond)
	}})
	allGood := func(when string, answer *rig.Answer) {
		t.Helper()
		for _, key := range known {
			if _, ok := good(answer, key); !ok {
				t.Fatalf("%s: %s is %+v; %s", when, key, answer.Items[key], answer.SystemError)
			}
		}
	}
	// A request times out soon, and a busy machine may not answer two hundred at once within that.
	rig.Until(t, "all are verified at first", func() bool {
		return len(p.validate(t, known...).Keys) == len(known)
	})
	allGood("at first", p.validate(t, known...))
	if r.Count() == 0 {
		t.Fatal("no request came to the registry at first: there is nothing to remember")
	}

	for _, tc := range []struct {
		name   string
		effect rig.Fault
	}{
		{"down", rig.Cut()},
		{"hung", rig.Hang()},
		{"broken", rig.Status(http.StatusBadGateway, nil)},
		{"limits us", rig.Status(http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}})},
		{"a page", rig.HTML()},
	} {
		lift := r.Inject(rig.Match{}, tc.effect)
		before := r.Count()
		judged := p.metric(t, `notation_provider_cache_events_total{event="hit",memory="evidence"}`)
		answer := p.validate(t, known...)
		if allGood(tc.name, answer); answer.SystemError != "" {
			t.Errorf("%s: %s", tc.name, answer.SystemError)
		}
		if asked := r.Count() - before; asked > 0 {
			t.Errorf("%s: %d requests about what was said before", tc.name, asked)
		}
		if again := p.metric(t, `notation_provider_cache_events_total{event="hit",memory="evidence"}`) - judged; again != len(known) {
			t.Errorf("%s: %d judgements by what was kept, want %d: the verdicts had not run out", tc.name, again, len(known))
		}

		// Only what was never seen, and what a tag stands for, is not known.
		answer = p.validate(t, append(slices.Clone(known[:20]), unknown.Pinned(), images[0].Tagged())...)
		if len(answer.Keys) != 20 || !strings.Contains(answer.SystemError, unknown.Pinned()) || !strings.Contains(answer.SystemError, images[0].Tagged()) {
			t.Errorf("%s: %d items, and %q", tc.name, len(answer.Keys), answer.SystemError)
		}
		for _, key := range known[:20] {
			if _, ok := good(answer, key); !ok {
				t.Errorf("%s: beside what is unknown %s is %+v", tc.name, key, answer.Items[key])
			}
		}
		lift()
		if t.Failed() {
			return
		}
	}
	rig.Until(t, "what was unknown is verified when the registry is well", func() bool {
		answer := p.validate(t, unknown.Pinned(), images[0].Tagged())
		_, first := good(answer, unknown.Pinned())
		_, second := good(answer, images[0].Tagged())
		return first && second
	})
}

// crowd asks about one image, a thousand at once.
func crowd(t *testing.T, w *walk, key string) map[string]int {
	t.Helper()
	var asking sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	for range 1000 {
		asking.Go(func() {
			found := foundOf(w.Answer(t.Context(), []string{key})[0])
			mu.Lock()
			defer mu.Unlock()
			outcomes[found]++
		})
	}
	asking.Wait()
	return outcomes
}

// A thousand requests for a known image are answered while its registry hangs.
func TestThousandAskWhileTheRegistryHangs(t *testing.T) {
	rw := rig.ForTest(t)
	r := rw.Registry(rig.RegistryOptions{})
	image := signed(t, rw, r, rig.Signature{}, "production/app", 1)[0]
	for _, c := range []struct {
		name         string
		key          string
		tags, within time.Duration
		want         string
		requests     int
	}{
		{"by digest, and its verdict ran out", image.Pinned(), 1, 20 * time.Second, "verified", 0},
		{"by a tag that was resolved a moment ago", image.Tagged(), time.Hour, 20 * time.Second, "verified", 0},
		{"by a tag that was resolved too long ago", image.Tagged(), 1, time.Second, "undecided deadline", 1},
		{"by a tag and a digest, which alone counts", image.Tagged() + "@" + image.Descriptor.Digest.String(), 1, 20 * time.Second, "verified", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.LiftAll()
			w := open(t, rw, rw.Trust("*"), r, func(o *config.Config) {
				brief(o)
				o.Cache.Tags, o.AnswerWithin = config.Duration(c.tags), config.Duration(c.within)
				o.VerifyWithin, o.RequestTimeout = config.Duration(20*time.Second), config.Duration(20*time.Second)
			})
			if found := foundOf(w.Answer(t.Context(), []string{c.key})[0]); found != "verified" {
				t.Fatalf("at first it is %s", found)
			}
			lift := r.Inject(rig.Match{}, rig.Hang())
			before := r.Count()
			if got := crowd(t, w, c.key); got[c.want] != 1000 {
				t.Errorf("%v, want 1000 %s", got, c.want)
			}
			if asked := r.Count() - before; asked != c.requests {
				t.Errorf("%d requests, want %d: %+v", asked, c.requests, r.Requests()[before:])
			}
			lift()
			rig.Until(t, "it is verified when the registry is well", func() bool {
				return foundOf(w.Answer(t.Context(), []string{c.key})[0]) == "verified"
			})
		})
	}
}

// silence tells that everything is there, and then says nothing of any signature, for as long as anyone listens.
func silence(<-chan struct{}, http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		w.Header().Set("Docker-Content-Digest", path.Base(r.URL.Path))
		w.Header().Set("Content-Length", "528")
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return
		}
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

func TestRequestsThatTimeOutLeaveNothingBehind(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	r.Inject(rig.Match{}, silence)
	p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
		c.AnswerWithin, c.MutateWithin, c.VerifyWithin = config.Duration(50*time.Millisecond), config.Duration(50*time.Millisecond), config.Duration(time.Second)
		c.Limits.Concurrent, c.Limits.PerRegistry = 1000, 1000 // each waits for the registry, and none for another
	}})
	left := func() map[string]int {
		rig.Until(t, "nothing is under way", func() bool {
			return p.metric(t, "notation_provider_checks_in_flight")+p.metric(t, "notation_provider_checks_waiting") == 0
		})
		return map[string]int{"goroutines": p.metric(t, "go_goroutines"), "descriptors": p.metric(t, "process_open_fds")}
	}
	const requests, slack = 1600, 80 // connections that are kept, and those that close
	for round := range 2 {
		p.timeOut(t, r.Host, requests/20, round)
	}
	before := left()
	if got := p.timeOut(t, r.Host, requests, 2); got < requests/2 {
		t.Errorf("only %d of %d requests timed out", got, requests)
	}
	for what, was := range before {
		var now int
		rig.Until(t, "as few "+what+" as before", func() bool { now = left()[what]; return now <= was+slack })
		t.Logf("%s: %d, before %d", what, now, was)
	}
}

// timeOut asks about so many images, each in a request of its own, and counts those that timed out. The others must be
// undecided too: where the machine is slow, the registry counts as one that fails.
func (p *process) timeOut(t *testing.T, host string, requests, round int) int {
	t.Helper()
	work := make(chan int)
	var asking sync.WaitGroup
	var late atomic.Int64
	for range 60 {
		asking.Go(func() {
			for i := range work {
				key := fmt.Sprintf("%s/production/app%d@%s", host, i, digest.FromString(fmt.Sprint(round, i)))
				answer, err := p.asker.Validate(t.Context(), key)
				if err != nil || len(answer.Keys) > 0 {
					t.Errorf("%s: %+v, %v", key, answer, err)
					continue
				}
				said, ok := strings.CutPrefix(answer.SystemError, "undecided: "+key+": ")
				switch stage, _, _ := strings.Cut(said, ": "); {
				case ok && stage == "deadline":
					late.Add(1)
				case !ok || stage != "registry":
					t.Errorf("%s: %s", key, answer.SystemError)
				}
			}
		})
	}
	for i := range requests {
		work <- i
	}
	close(work)
	asking.Wait()
	return int(late.Load())
}
