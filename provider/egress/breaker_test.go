package egress_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// ill answers 500 while *well is false.
func ill(well *bool) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		if !*well && r.Host == "registry.example" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
}

// breakCircuit asks until nothing is sent any more.
func breakCircuit(w *world) {
	w.Helper()
	for range 10 {
		if got := w.do(context.Background(), http.MethodGet, "http://registry.example/", nil); got.status != 500 {
			w.Fatalf("got %+v while the circuit should hold", got)
		}
	}
	if got := w.do(context.Background(), http.MethodGet, "http://registry.example/", nil); !errors.Is(got.err, egress.ErrCircuitOpen) || got.took != 0 {
		w.Fatalf("got %+v; want ErrBroken, at once", got)
	}
}

func TestAHostThatKeepsFailingIsLeftAloneAndNoOther(t *testing.T) {
	well := false
	in(t, ill(&well), func(w *world) {
		breakCircuit(w)
		before := len(w.times())
		if got := w.do(context.Background(), http.MethodGet, "http://registry.example/", nil); !errors.Is(got.err, egress.ErrCircuitOpen) {
			t.Errorf("got %+v", got)
		}
		if n := len(w.times()) - before; n != 0 {
			t.Errorf("%d requests through a broken circuit", n)
		}
		if got := w.do(context.Background(), http.MethodGet, "http://other.example/", nil); got.status != 200 {
			t.Errorf("another host: %+v", got)
		}
	})
}

func TestAHostThatIsWellAgainIsFoundToBeWithinASecond(t *testing.T) {
	well := false
	in(t, ill(&well), func(w *world) {
		breakCircuit(w)
		well = true
		time.Sleep(time.Second)
		for range 3 {
			if got := w.do(context.Background(), http.MethodGet, "http://registry.example/", nil); got.status != 200 {
				t.Errorf("got %+v", got)
			}
		}
	})
}

func TestAFailedProbeOpensTheCircuitAgain(t *testing.T) {
	well := false
	in(t, ill(&well), func(w *world) {
		breakCircuit(w)
		time.Sleep(time.Second)
		before := len(w.times())
		for range 5 {
			w.do(context.Background(), http.MethodGet, "http://registry.example/", nil)
		}
		if n := len(w.times()) - before; n != 1 {
			t.Errorf("%d requests to a host that is still ill; want one probe", n)
		}
	})
}

func TestWhatIsNotTheHostsFailureDoesNotBreakItsCircuit(t *testing.T) {
	for _, status := range []int{401, 403, 404, 400} {
		in(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(status) }, func(w *world) {
			for range 30 {
				if got := w.get(); got.status != status {
					t.Fatalf("%d: got %+v", status, got)
				}
			}
		})
	}
	hang := func(_ http.ResponseWriter, r *http.Request, nth int) {
		if nth <= 60 {
			<-r.Context().Done()
		}
	}
	in(t, hang, func(w *world) {
		for range 30 {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Second, cancel)
			if got := w.do(ctx, http.MethodGet, "http://registry.example/", nil); !errors.Is(got.err, context.Canceled) {
				t.Fatalf("got %+v", got)
			}
			ctx, cancel = context.WithTimeout(context.Background(), time.Second)
			if got := w.do(ctx, http.MethodGet, "http://registry.example/", nil); !errors.Is(got.err, context.DeadlineExceeded) {
				t.Fatalf("got %+v", got)
			}
			cancel()
		}
		if got := w.do(context.Background(), http.MethodGet, "http://registry.example/", nil); got.status != 200 {
			t.Errorf("after sixty callers who left: %+v", got)
		}
	})
}

func TestAHostThatHangsBreaksItsCircuit(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }
	in(t, hang, func(w *world) {
		for range 10 {
			w.get()
		}
		if got := w.get(); !errors.Is(got.err, egress.ErrCircuitOpen) || got.took != 0 {
			t.Errorf("got %+v; want ErrBroken, at once", got)
		}
	})
}
