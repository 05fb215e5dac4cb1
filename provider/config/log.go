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
	Level string `yaml:"level" applies:"reload"`

	// The form of a line: json for machines or text for people. Default json.
	Format string `yaml:"format" applies:"restart"`
}

// Logger writes to w as l says. What l does not say, or says wrongly, is the
// default. Each line has the request id of its context, and no value longer than some KiB.
func (l Log) Logger(w io.Writer) *slog.Logger { return l.LoggerAt(l.Least(), w) }

// Least is the least important level that is written.
func (l Log) Least() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// LoggerAt is [Log.Logger] with a level that may change.
func (l Log) LoggerAt(level slog.Leveler, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: logging.Bound}
	if l.Format == "text" {
		return slog.New(logging.Handler{Handler: slog.NewTextHandler(w, options)})
	}
	return slog.New(logging.Handler{Handler: slog.NewJSONHandler(w, options)})
}
