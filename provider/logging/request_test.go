package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// Each line that is logged with a request's context has the request's id, also for work that outlives the request.
func TestTheRequestIDIsOnEachLine(t *testing.T) {
	ctx, id := logging.NewRequest(t.Context())
	if again, same := logging.NewRequest(ctx); again != ctx || same != id || len(id) != 12 {
		t.Errorf("a request has a second id: %q, %q", id, same)
	}
	check := func(ctx context.Context, name, want string) {
		var out bytes.Buffer
		log := slog.New(logging.Handler{Handler: slog.NewJSONHandler(&out, nil)}).With("a", 1).WithGroup("")
		log.InfoContext(ctx, "line")
		var line struct{ Request string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Request != want {
			t.Errorf("%s: %s (%v); want the id %q", name, &out, err, want)
		}
	}
	check(ctx, "of the request", id)
	check(logging.ForRequest(t.Context(), ctx), "work for it", id)
	check(logging.ForRequest(t.Context(), t.Context()), "no request", "")
}
