package logging

import (
	"log/slog"
	"strings"
)

// maxAttribute bounds a value of a line, in bytes before its escapes: enough for the stack
// of a panic. It stands behind narrower bounds, for what nobody thought of.
const maxAttribute = 8 << 10

// Bound cuts texts and errors that are too long. It is for [slog.HandlerOptions].ReplaceAttr.
func Bound(_ []string, a slog.Attr) slog.Attr {
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
