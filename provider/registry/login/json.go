package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// member is a name and its value in a JSON object, at a byte offset behind its name.
type member struct {
	name   string
	value  json.RawMessage
	offset int
}

// is compares names as encoding/json does, and so docker: in any letter case.
func (m member) is(name string) bool { return strings.EqualFold(m.name, name) }

var errNoObject = errors.New("it is not a JSON object")

// membersOf lists the members of an object in their order, those of one name each. The text must be valid JSON. Null has
// none.
func membersOf(text []byte) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	switch start, err := decoder.Token(); {
	case err != nil:
		return nil, err
	case start == nil:
		return nil, nil
	case start != json.Delim('{'):
		return nil, errNoObject
	}
	var all []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name), offset: int(decoder.InputOffset())}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// checkSyntax says in which line a text is no JSON.
func checkSyntax(text []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(text, &whole)
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("line %d: it is not JSON: %w", lineAt(text, int(wrong.Offset)), err)
	}
	return err
}

// lineAt is the line of a byte offset, from 1.
func lineAt(text []byte, offset int) int {
	return 1 + bytes.Count(text[:min(offset, len(text))], []byte("\n"))
}
