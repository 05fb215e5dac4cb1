package logging_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

func TestNoValueOfALineIsLong(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: logging.Bound}))
	long := strings.Repeat("é", 50_000)
	for _, tc := range []struct {
		name  string
		value any
	}{{"text", long}, {"error", errors.New(long)}} {
		out.Reset()
		log.Info("line", "value", tc.value)
		if n := out.Len(); n < 8000 || n > 9000 || !strings.Contains(out.String(), `é…"}`) {
			t.Errorf("a long %s makes a line of %d bytes; want some 8 KiB that end in …", tc.name, n)
		}
	}
	out.Reset()
	log.Info("line", "text", "short", "error", errors.New("brief"), "number", 1, "nothing", nil)
	if want := `"msg":"line","text":"short","error":"brief","number":1,"nothing":null}`; !strings.Contains(out.String(), want) {
		t.Errorf("the line is %s; want %s", out.String(), want)
	}
}

// A duration has its unit in each form of a line.
func TestADurationIsText(t *testing.T) {
	options := &slog.HandlerOptions{ReplaceAttr: logging.Bound}
	for _, tc := range []struct {
		want    string
		handler func(*bytes.Buffer) slog.Handler
	}{
		{`"took":"1.8s"`, func(out *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(out, options) }},
		{`took=1.8s`, func(out *bytes.Buffer) slog.Handler { return slog.NewTextHandler(out, options) }},
	} {
		var out bytes.Buffer
		slog.New(tc.handler(&out)).Info("line", "took", 1800*time.Millisecond)
		if !strings.Contains(out.String(), tc.want) {
			t.Errorf("the line is %s; want %s", out.String(), tc.want)
		}
	}
}
