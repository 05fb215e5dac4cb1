package evidence

import (
	"context"
	"errors"
	"io/fs"
)

// Operation is what a [Durable] asks of its storage.
type Operation string

// The operations.
const (
	Read  Operation = "read"
	Write Operation = "write"
)

// Operations returns every operation there is.
func Operations() []Operation { return []Operation{Read, Write} }

// Outcome is what an operation came to. All but Done count as a miss.
type Outcome string

// The outcomes.
const (
	Done     Outcome = "done"
	Missing  Outcome = "missing" // there is nothing under the key
	TimedOut Outcome = "timeout" // the storage was not waited for any longer, or the caller had gone
	Failed   Outcome = "error"   // the storage said so
	Skipped  Outcome = "skipped" // the storage was not asked: it fails again and again, or too much is queued
)

// Outcomes returns every outcome there is.
func Outcomes() []Outcome { return []Outcome{Done, Missing, TimedOut, Failed, Skipped} }

func outcome(err error) Outcome {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return TimedOut
	}
	return Failed
}
