package verdicts

import (
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"
)

// lineError is a mistake at a line.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

func at(node *yaml.Node, format string, args ...any) error {
	return &lineError{node.Line, fmt.Errorf(format, args...)}
}

// goType is what the YAML package tells of our types, which is of no use to the reader.
var goType = regexp.MustCompile(` in type [\w.]+$|yaml: construct errors: (line \d+: )?`)

// located names the file, and the line where it is known, in each of the mistakes.
func located(path string, err error) error {
	if many, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		var all []error
		for _, one := range many.Errors {
			all = append(all, located(path, one))
		}
		return errors.Join(all...)
	}
	line, message := 0, err.Error()
	if theirs, ok := errors.AsType[*yaml.LoadError](err); ok {
		line, message = theirs.Mark.Line, theirs.Message
	}
	if ours, ok := errors.AsType[*lineError](err); ok {
		line, message = ours.line, ours.err.Error()
	}
	message = goType.ReplaceAllString(message, "")
	if line == 0 {
		return fmt.Errorf("%s: %s", path, message)
	}
	return fmt.Errorf("%s:%d: %s", path, line, message)
}
