package printable

import (
	"io"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Writer passes text on to another writer, as [Text] would make it, but with its line
// breaks and tabs. It is the last step before a terminal. It is safe for concurrent use.
type Writer struct {
	to io.Writer

	mu   sync.Mutex
	rest []byte // the beginning of a character whose end was not written yet
}

// NewWriter returns a Writer to another writer.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Write implements [io.Writer].
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	data := append(w.rest, text...)
	out := make([]byte, 0, len(data))
	for len(data) > 0 && utf8.FullRune(data) {
		r, size := utf8.DecodeRune(data)
		data = data[size:]
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		out = utf8.AppendRune(out, r)
	}
	w.rest = append([]byte(nil), data...)
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}
