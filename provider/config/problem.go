package config

import (
	"errors"
	"fmt"
)

// problem is one thing wrong with a configuration, and what to do about it.
type problem struct {
	line int    // 0 when no line can be named, as for what is missing
	key  string // the path of the key, like registries[1].host
	text string
}

func (p problem) String() string {
	s := p.text
	if p.key != "" {
		s = p.key + ": " + s
	}
	if p.line > 0 {
		s = fmt.Sprintf("line %d: %s", p.line, s)
	}
	return s
}

// join makes one error of all problems, each on a line that starts with prefix.
func join(prefix string, found []problem) error {
	errs := make([]error, 0, len(found))
	for _, p := range found {
		errs = append(errs, errors.New(prefix+p.String()))
	}
	return errors.Join(errs...)
}
