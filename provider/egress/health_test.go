package egress_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// about asks about a repository of a registry.
func (w *world) about(ctx context.Context, repository string) answer {
	w.Helper()
	return w.do(egress.ForRepository(ctx, "a.test/"+repository), http.MethodGet, "http://a.test/v2/"+repository+"/manifests/1", nil)
}

// answering answers by the beginning of the path, as told: nothing for what is well.
func answering(faults map[string]int) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		for prefix, status := range faults {
			if status != 0 && strings.HasPrefix(r.URL.Path, prefix) {
				if status == http.StatusTooManyRequests {
					w.Header().Set("Retry-After", "3600")
				}
				w.WriteHeader(status)
				return
			}
		}
	}
}

// registry runs a test against a registry that answers /v2/ when it is asked whether it is well.
func registry(t *testing.T, faults map[string]int, test func(*world)) {
	t.Helper()
	in(t, answering(faults), func(w *world) {
		w.SetProbe("/v2/")
		test(w)
	})
}

// One repository that limits rates or fails, and any number of names below it, decide
// nothing for others: not for those that are asked about for the first time either.
func TestATroubleOfOneRepositoryIsItsOwn(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503, 504} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			registry(t, map[string]int{"/v2/proxy/": status}, func(w *world) {
				for i := range 300 {
					w.about(w.Context(), "proxy/x")                  // one
					w.about(w.Context(), fmt.Sprintf("proxy/%d", i)) // and made-up ones
					if got := w.about(w.Context(), fmt.Sprintf("production/%d", i)); got.status != 200 || got.took > 100*time.Millisecond {
						t.Fatalf("after %d: %+v %v", i, got, got.err)
					}
					time.Sleep(10 * time.Millisecond)
				}
				asked := 0
				for _, a := range w.asked {
					if a.path == "/v2/proxy/x/manifests/1" {
						asked++
					}
				}
				if asked > 40 {
					t.Errorf("the repository itself was asked about %d times in 18 seconds", asked)
				}
			})
		})
	}
}

// A host that is down for all is left alone but for its probe, however many names are made
// up, and is found to be well within a second.
func TestHostThatIsDownIsLeftAlone(t *testing.T) {
	for _, status := range []int{500, 503} {
		faults := map[string]int{"/": status}
		registry(t, faults, func(w *world) {
			for i := range 1000 {
				w.about(w.Context(), fmt.Sprintf("production/%d", i))
				time.Sleep(10 * time.Millisecond)
			}
			if n := len(w.times()); n > 45 {
				t.Errorf("%d: %d requests in 10 seconds", status, n)
			}
			if got := w.about(w.Context(), "production/x"); !errors.Is(got.err, egress.ErrCircuitOpen) || got.took != 0 {
				t.Errorf("%d: %+v; want ErrBroken at once", status, got)
			}
			faults["/"] = 0
			time.Sleep(time.Second)
			if got := w.about(w.Context(), "production/y"); got.status != 200 {
				t.Errorf("%d: it is well again, and %+v", status, got)
			}
		})
	}
}

// A host that hangs is asked no more than one that says it fails.
func TestHostThatHangsIsLeftAlone(t *testing.T) {
	in(t, func(w http.ResponseWriter, r *http.Request, _ int) { hang(w, r) }, func(w *world) {
		w.SetProbe("/v2/")
		var asking sync.WaitGroup
		for i := range 20 {
			asking.Go(func() { w.about(w.Context(), fmt.Sprintf("production/%d", i)) })
		}
		asking.Wait()
		time.Sleep(timeout + time.Millisecond) // of the probe
		before := len(w.times())
		for i := range 100 {
			if got := w.about(w.Context(), fmt.Sprintf("other/%d", i)); !errors.Is(got.err, egress.ErrCircuitOpen) || got.took != 0 {
				t.Fatalf("%+v; want ErrBroken at once", got)
			}
		}
		if n := len(w.times()) - before; n > 0 {
			t.Errorf("%d requests more", n)
		}
	})
}

// No connection can be made: it is the same for all, and is tried now and then.
func TestHostThatIsGoneIsLeftAlone(t *testing.T) {
	registry(t, nil, func(w *world) {
		dials := 0
		w.SetDial(func(context.Context, string, string) (net.Conn, error) { dials++; return nil, syscall.ECONNREFUSED })
		for i := range 1000 {
			got := w.about(w.Context(), fmt.Sprintf("production/%d", i))
			if fault := egress.FaultOf(got.err); fault != egress.Refused {
				t.Fatalf("it %q: %v", fault, got.err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if dials > 30 {
			t.Errorf("%d connections in 10 seconds", dials)
		}
	})
}

// A host rests where it says so of itself, and not because repositories do.
func TestAHostRestsWhereItSaysSoItself(t *testing.T) {
	for _, tc := range []struct {
		limited string
		wanted  bool
	}{{"/", true}, {"/v2/proxy/", false}} {
		registry(t, map[string]int{tc.limited: 429}, func(w *world) {
			for i := range 30 {
				w.about(w.Context(), fmt.Sprintf("proxy/%d", i))
			}
			time.Sleep(10 * time.Millisecond)
			got := w.about(w.Context(), "production/x")
			if limited := (*egress.RateLimitedError)(nil); errors.As(got.err, &limited) != tc.wanted {
				t.Errorf("%s: %+v", limited, got)
			}
		})
	}
}

// A host that answers in between has not failed many times in a row, and is not probed.
func TestAnAnswerEndsARowOfFailures(t *testing.T) {
	registry(t, map[string]int{"/v2/proxy/": 503}, func(w *world) {
		for i := range 30 {
			w.about(w.Context(), fmt.Sprintf("proxy/%d", i))
			w.about(w.Context(), "production/x")
		}
		time.Sleep(10 * time.Millisecond)
		if slices.ContainsFunc(w.asked, func(a ask) bool { return a.path == "/v2/" }) {
			t.Error("it is probed, though every other answer is good")
		}
	})
}

// What a host is probed by is no question that anybody picked: those who go on asking for
// what fails do not keep a host that is well again from all others.
func TestAProbeIsNoQuestionOfAStranger(t *testing.T) {
	faults := map[string]int{"/": 503}
	registry(t, faults, func(w *world) {
		for i := range 20 {
			w.about(w.Context(), fmt.Sprintf("production/%d", i))
		}
		faults["/"], faults["/v2/proxy/"] = 0, 503
		time.Sleep(time.Second)
		for i := range 200 {
			w.about(w.Context(), fmt.Sprintf("proxy/%d", i))
			w.about(w.Context(), "proxy/x")
		}
		if got := w.about(w.Context(), "production/x"); got.status != 200 {
			t.Errorf("got %+v", got)
		}
	})
}

// What is in use goes on: strangers who have a repository fail, or have it ask to be left
// alone, do not hold up the renewal of its images. A rest is not broken more than once in
// a second for that.
func TestARenewalIsNotHeldUpByStrangers(t *testing.T) {
	for _, status := range []int{429, 503} {
		registry(t, map[string]int{"/v2/production/app/manifests/odd": status}, func(w *world) {
			ctx := egress.ForRepository(w.Context(), "a.test/production/app")
			odd := func() answer { return w.do(ctx, http.MethodGet, "http://a.test/v2/production/app/manifests/odd", nil) }
			renew := func() answer {
				return w.do(provider.WithRenewal(ctx), http.MethodGet, "http://a.test/v2/production/app/manifests/1", nil)
			}
			for range 20 {
				odd()
			}
			if got := odd(); got.err == nil {
				t.Fatalf("%d: the repository is left alone, and %+v", status, got)
			}
			for range 5 {
				if got := renew(); got.status != 200 || got.took != 0 {
					t.Errorf("%d: a renewal: %+v %v", status, got, got.err)
				}
				time.Sleep(time.Second)
			}
			before := len(w.times())
			for range 50 {
				renew()
			}
			if n := len(w.times()) - before; status == 429 && n > 1 {
				t.Errorf("%d: %d renewals at once, though it asked to be left alone", status, n)
			}
		})
	}
}
