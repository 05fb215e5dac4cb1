package config

import (
	"io"
	"log/slog"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// Log says what is written to standard error, and how.
type Log struct {
	// The least important kind of line that is written: debug, info, warn or
	// error. Default info.
	Level string `yaml:"level"`

	// The form of a line: json for machines or text for people. Default json.
	Format string `yaml:"format"`
}

// Logger writes to w as l says. What l does not say, or says wrongly, is the
// default. Each line has the request id of its context, and no value longer than some KiB.
func (l Log) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: logging.Bound}
	if l.Format == "text" {
		return slog.New(logging.Handler{Handler: slog.NewTextHandler(w, options)})
	}
	return slog.New(logging.Handler{Handler: slog.NewJSONHandler(w, options)})
}
