package egress_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// limit answers 429 with these values of Retry-After, one a request, and then 200.
func limit(values ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, nth int) {
		if nth > len(values) {
			return
		}
		if value := values[nth-1]; value != "" {
			w.Header().Set("Retry-After", value)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func TestARestThatFitsIsWaitedFor(t *testing.T) {
	in(t, limit("2"), func(w *world) {
		if got := w.get(); got.status != 200 || got.err != nil || got.took != 2*time.Second {
			t.Errorf("got %+v", got)
		}
		if got := w.times(); !slices.Equal(got, []time.Duration{0, 2 * time.Second}) {
			t.Errorf("asked at %v", got)
		}
	})
}

func TestAServerThatIsStillTiredAfterItsRestIsLeftAlone(t *testing.T) {
	in(t, limit("1", "3"), func(w *world) {
		if got := w.get(); got.status != 429 || got.took != time.Second {
			t.Errorf("got %+v", got)
		}
		if got := w.get(); got.status != 200 || got.took != 3*time.Second {
			t.Errorf("the one after: %+v", got)
		}
	})
}

func TestARestThatEndsWithTheRequestsTimeDoesNotFit(t *testing.T) {
	in(t, limit("5"), func(w *world) {
		if got := w.get(); got.status != 429 || got.took != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// A cooldown that ends after the deadline fails at once, for every request.
func TestACooldownBeyondTheDeadlineFailsAtOnce(t *testing.T) {
	in(t, limit("30"), func(w *world) {
		if got := w.get(); got.status != 429 || got.err != nil || got.took != 0 {
			t.Errorf("the first, who gets the server's own word: %+v", got)
		}
		var others sync.WaitGroup
		for range 10 {
			others.Go(func() {
				got := w.get()
				var limited *egress.RateLimitedError
				if !errors.As(got.err, &limited) || got.took != 0 || !limited.Until.Equal(w.began.Add(30*time.Second)) {
					t.Errorf("another: %+v", got)
				}
			})
		}
		others.Wait()
		time.Sleep(26 * time.Second) // the rest of the rest fits now
		if got := w.get(); got.status != 200 || got.took != 4*time.Second {
			t.Errorf("afterwards: %+v", got)
		}
		if got := w.times(); len(got) != 2 {
			t.Errorf("asked at %v", got)
		}
	})
}

func TestWhatRetryAfterMayHoldIsReadWithinBounds(t *testing.T) {
	bubble := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when every bubble begins
	for _, tc := range []struct {
		value string
		want  time.Duration
	}{
		{"30", 30 * time.Second},
		{"60", time.Minute},
		{"61", time.Minute},
		{"3600", time.Minute},
		{"9223372036854775807", time.Minute},
		{"99999999999999999999999999", time.Minute},
		{"0", 0},
		{"-1", 0},
		{"-99999999999999999999999999", 0},
		{"-9223372036854775807", 0},
		{"", time.Second},
		{"soon", time.Second},
		{"1.5", time.Second},
		{"1e9", time.Second},
		{bubble.Add(20 * time.Second).Format(http.TimeFormat), 20 * time.Second},
		{bubble.Add(time.Hour).Format(http.TimeFormat), time.Minute},
		{bubble.Add(-time.Hour).Format(http.TimeFormat), 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", time.Minute},
		{"Saturday, 01-Jan-00 00:00:20 GMT", 20 * time.Second},
	} {
		in(t, limit(tc.value), func(w *world) {
			// A POST, since it is not sent again, tells nothing but how long to rest.
			if got := w.do(w.Context(), http.MethodPost, "http://a.test/", nil); got.status != 429 || !w.began.Equal(bubble) {
				t.Fatalf("got %+v at %v", got, w.began)
			}
			ctx, cancel := context.WithTimeout(w.Context(), time.Millisecond)
			defer cancel()
			got := w.do(ctx, http.MethodGet, "http://a.test/", nil)
			var limited *egress.RateLimitedError
			switch {
			case tc.want == 0 && got.status != 200:
				t.Errorf("%q: got %+v, want no rest", tc.value, got)
			case tc.want > 0 && !errors.As(got.err, &limited):
				t.Errorf("%q: got %+v, want a rest", tc.value, got)
			case tc.want > 0 && limited.Until.Sub(w.began) != tc.want:
				t.Errorf("%q: rests for %v, want %v", tc.value, limited.Until.Sub(w.began), tc.want)
			}
		})
	}
}

func TestWhatIsSaidLaterNeverShortensARest(t *testing.T) {
	for _, later := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusOK} {
		in(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			if r.URL.Path == "/slow" {
				time.Sleep(time.Second)
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(later)
				return
			}
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(w *world) {
			go w.do(w.Context(), http.MethodGet, "http://a.test/slow", nil)
			synctest.Wait()
			w.get()
			time.Sleep(10 * time.Second) // the slow one has come back
			var limited *egress.RateLimitedError
			if got := w.get(); !errors.As(got.err, &limited) || !limited.Until.Equal(w.began.Add(30*time.Second)) {
				t.Errorf("%d later: %+v", later, got)
			}
		})
	}
}

// A request that waits until a server may be asked again waits longer if another answer says so.
func TestWaitersLearnOfALongerRest(t *testing.T) {
	in(t, func(w http.ResponseWriter, r *http.Request, nth int) {
		if nth > 2 {
			return
		}
		after := "2"
		if r.Method == http.MethodPost {
			time.Sleep(time.Second)
			after = "3"
		}
		w.Header().Set("Retry-After", after)
		w.WriteHeader(http.StatusTooManyRequests)
	}, func(w *world) {
		go w.do(w.Context(), http.MethodPost, "http://a.test/", nil)
		synctest.Wait()
		if got := w.get(); got.status != 200 || got.took != 4*time.Second {
			t.Errorf("got %+v; want it asked when the longer rest is over", got)
		}
	})
}

func TestARestIsThatOfOneHost(t *testing.T) {
	in(t, limit("30"), func(w *world) {
		w.get()
		if got := w.do(w.Context(), http.MethodGet, "http://b.test/", nil); got.status != 200 || got.took != 0 {
			t.Errorf("another host: %+v", got)
		}
		if got := w.do(w.Context(), http.MethodGet, "http://a.test:8080/", nil); got.status != 200 {
			t.Errorf("another port: %+v", got)
		}
		var limited *egress.RateLimitedError
		if got := w.get(); !errors.As(got.err, &limited) {
			t.Errorf("the host itself, after others: %+v", got)
		}
	})
}

// Anybody may name repositories: what is known of them is bounded.
func TestWhatIsKnownIsBounded(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusTooManyRequests) }, func(w *world) {
		for i := range 3000 {
			w.do(egress.ForRepository(w.Context(), fmt.Sprint(i)), http.MethodPost, fmt.Sprintf("http://%d.test/", i%100), nil)
		}
		if n := w.Known(); n > 1024 {
			t.Errorf("%d repositories are known", n)
		}
	})
}

func TestWhoGivesUpWhileWaitingIsLetGo(t *testing.T) {
	in(t, limit("3"), func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		time.AfterFunc(time.Second, cancel)
		if got := w.do(ctx, http.MethodGet, "http://a.test/", nil); !errors.Is(got.err, context.Canceled) || got.took != time.Second {
			t.Errorf("got %+v", got)
		}
	})
}

// closed notes that it was closed.
type closed struct {
	io.Reader
	yes bool
}

func (c *closed) Close() error { c.yes = true; return nil }

func TestTheBodyOfARequestThatIsNotSentIsClosed(t *testing.T) {
	in(t, limit("30"), func(w *world) {
		w.get()
		body := &closed{Reader: strings.NewReader("x")}
		if got := w.do(w.Context(), http.MethodPost, "http://a.test/", body); got.err == nil || !body.yes {
			t.Errorf("got %+v, closed: %v", got, body.yes)
		}
	})
}
