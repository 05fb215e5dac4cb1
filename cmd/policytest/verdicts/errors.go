package verdicts

import (
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
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

// goType is what the YAML package tells of our types, which is of no use to the reader, and unknownKey how it tells of one.
var (
	goType     = regexp.MustCompile(` in type [\w.]+$|yaml: construct errors: (line \d+: )?`)
	unknownKey = regexp.MustCompile(`field (.+) not found in type `)
)

// keys are those of the file, at any level.
func keys() []string {
	return []string{
		"providers", "scenes", "answers", "default", "verified", "refused", "undecided", "value", "error", "item", "systemError", "status", "body",
		"reason", "detail", "cause", "image", "digest", "policy", "signer", "signedAt", "until", "warnings",
	}
}

// inOurWords is a message of the YAML package without our types.
func inOurWords(message string) string {
	unknown := unknownKey.FindStringSubmatch(message)
	if unknown == nil {
		return goType.ReplaceAllString(message, "")
	}
	message = fmt.Sprintf("unknown key %q", unknown[1])
	if near := spelling.Nearest(unknown[1], keys()); near != "" && near != unknown[1] {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return message
}

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
	message = inOurWords(message)
	if line == 0 {
		return fmt.Errorf("%s: %s", path, message)
	}
	return fmt.Errorf("%s:%d: %s", path, line, message)
}
