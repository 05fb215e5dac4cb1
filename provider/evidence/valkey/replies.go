package valkey

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// errReply is a reply that is beyond the bounds, or no reply at all.
var errReply = errors.New("the store sent what is not an answer to us")

const (
	longestLine = 4 << 10 // bytes; an error has a line
	deepest     = 8       // arrays within arrays; CLUSTER SLOTS has 4
	leastReply  = 3       // bytes: a type and the end of a line
)

// replies follows what a server sends, in RESP version 2 as the Redis serialization protocol specification has it. It
// fails before its reader can learn of a length that is beyond the bounds: clients make room for what is announced.
type replies struct {
	text  int64 // the most bytes of a string
	whole int64 // the most bytes of a reply with all that it holds

	left int64   // bytes that the reply may still have
	owed int64   // bytes that the elements announced in it take at least
	open []int64 // elements that are still to come, of each array that is open
	skip int64   // bytes of a string that are still to come
	line []byte  // what has come of a line
}

// follow takes the next bytes. After an error it must not be called again.
func (r *replies) follow(p []byte) error {
	for len(p) > 0 {
		if r.skip > 0 {
			n := min(r.skip, int64(len(p)))
			p = p[n:]
			if r.skip -= n; r.skip == 0 {
				r.end()
			}
			continue
		}
		part, ended := p, false
		if i := bytes.IndexByte(p, '\n'); i >= 0 {
			part, ended = p[:i+1], true
		}
		if len(r.line)+len(part) > longestLine {
			return fmt.Errorf("%w: a line of more than %d bytes", errReply, longestLine)
		}
		r.line, p = append(r.line, part...), p[len(part):]
		if !ended {
			continue
		}
		if err := r.element(r.line); err != nil {
			return err
		}
		r.line = r.line[:0]
	}
	return nil
}

// element takes a whole line, which begins an element or is one.
func (r *replies) element(line []byte) error {
	if len(line) < leastReply || line[len(line)-2] != '\r' {
		return fmt.Errorf("%w: a line without an end", errReply)
	}
	if len(r.open) == 0 {
		r.left, r.owed = r.whole, leastReply
	}
	r.owed -= leastReply
	r.left -= int64(len(line))
	var err error
	switch rest := line[1 : len(line)-2]; line[0] {
	case '+', '-', ':':
		r.end()
	case '$':
		err = r.string(rest)
	case '*':
		err = r.array(rest)
	default:
		err = fmt.Errorf("%w: an element of type %q", errReply, line[:1])
	}
	if err == nil && r.owed > r.left {
		err = fmt.Errorf("%w: a reply of more than %d bytes", errReply, r.whole)
	}
	return err
}

func (r *replies) string(length []byte) error {
	n, err := count(length)
	if err != nil {
		return err
	}
	if n < 0 {
		r.end()
		return nil
	}
	if n > r.text {
		return fmt.Errorf("%w: a string of more than %d bytes", errReply, r.text)
	}
	r.skip = n + int64(len("\r\n"))
	r.left -= r.skip
	return nil
}

func (r *replies) array(length []byte) error {
	n, err := count(length)
	if err != nil {
		return err
	}
	if n <= 0 {
		r.end()
		return nil
	}
	if len(r.open) == deepest {
		return fmt.Errorf("%w: arrays in more than %d arrays", errReply, deepest)
	}
	r.open = append(r.open, n)
	r.owed += n * leastReply
	return nil
}

// end counts an element, and the arrays that end with it.
func (r *replies) end() {
	for len(r.open) > 0 {
		last := len(r.open) - 1
		if r.open[last]--; r.open[last] > 0 {
			return
		}
		r.open = r.open[:last]
	}
}

// count reads a length, which is -1 for what is not there.
func count(text []byte) (int64, error) {
	const digits = 9 // so that no sum of lengths overflows
	if string(text) == "-1" {
		return -1, nil
	}
	if len(text) == 0 || len(text) > digits || len(bytes.Trim(text, "0123456789")) > 0 {
		return 0, fmt.Errorf("%w: a length that is none", errReply)
	}
	return strconv.ParseInt(string(text), 10, 64)
}
