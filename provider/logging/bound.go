package logging

import (
	"log/slog"
	"strings"
)

// maxAttribute bounds a value of a line, in bytes before its escapes: enough for the stack
// of a panic. It is the last bound, behind narrower ones.
const maxAttribute = 8 << 10

// Bound cuts texts and errors that are too long, and writes durations as text, such as 1.8s. As JSON they would be numbers
// without a unit. It is for [slog.HandlerOptions].ReplaceAttr.
func Bound(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	var text string
	switch v := a.Value.Any().(type) {
	case string:
		text = v
	case error:
		text = v.Error()
	}
	if len(text) <= maxAttribute {
		return a
	}
	return slog.String(a.Key, strings.ToValidUTF8(text[:maxAttribute], "")+"…")
}
