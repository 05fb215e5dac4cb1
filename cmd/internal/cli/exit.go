package cli

import (
	"errors"
	"fmt"
)

// The exit codes that all commands share. What else a command uses, its help says.
const (
	ExitFailed = 1 // the command did not do what it was asked to do
	ExitUsage  = 2 // the command line is wrong
)

// ExitError is an error with an exit code.
type ExitError struct {
	Code int
	Err  error // nil if the command has printed the reason itself
}

// Error implements error. It is empty if there is nothing left to print.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns the error that the exit code was added to.
func (e *ExitError) Unwrap() error { return e.Err }

// Exit returns an error with an exit code.
func Exit(code int, err error) error { return &ExitError{code, err} }

// Silent returns an error that ends the command with an exit code and prints nothing.
func Silent(code int) error { return &ExitError{Code: code} }

// UsageError returns an error with the exit code of a wrong command line. The format is that of [fmt.Errorf].
func UsageError(format string, args ...any) error {
	return &ExitError{ExitUsage, fmt.Errorf(format, args...)}
}

// Code returns the exit code that an error calls for: 0 for nil, and [ExitFailed] for an error without a code.
func Code(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*ExitError](err); ok {
		return exit.Code
	}
	return ExitFailed
}
