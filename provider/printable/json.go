package printable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// JSON writes a value as indented JSON to w. Characters without a graphic form are written as
// escapes, which JSON itself asks for below U+0020 only. Programs read them as they are, and a
// terminal shows the escapes.
func JSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, r := range text.String() {
		if r == '\n' || unicode.IsPrint(r) { // a bare line break is between values
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}
