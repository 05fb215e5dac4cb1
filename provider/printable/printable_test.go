package printable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

func TestText(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", ""},
		{"SKAO, Jodrell Bank – 観測所", "SKAO, Jodrell Bank – 観測所"},
		{"\x1b[2J", "\ufffd[2J"},
		{"a\nb\tc\rd\x7f", "a\ufffdb\ufffdc\ufffdd\ufffd"},
		{"\u009b2J", "\ufffd2J"}, // the control sequence introducer in one character
		{"\x9b2J", "\ufffd2J"},   // the same as no UTF-8
		{"\u202egnp.exe\u200b", "\ufffdgnp.exe\ufffd"},
	} {
		if got := printable.Text(tc.text); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.text, got, tc.want)
		}
	}
}

// stringer is a value with a name.
type stringer struct{}

func (stringer) String() string { return `CN=x,O=Acme\, Inc. "\x1b"` + "\x1b" }

// A name has the escapes that it has, and no more.
func TestQuote(t *testing.T) {
	if got, want := printable.Quote(stringer{}), `"CN=x,O=Acme\, Inc. "\x1b"`+"\ufffd"+`"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A writer says what Text says, in lines, however the text arrives.
func TestWriter(t *testing.T) {
	const text, want = "é\x1b[2J\t観\n\x9b\u009b\xff\r\n", "é\ufffd[2J\t観\n\ufffd\ufffd\ufffd\ufffd\n"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		w := printable.NewWriter(&out)
		for rest := []byte(text); len(rest) > 0; {
			n, err := w.Write(rest[:min(size, len(rest))])
			if err != nil || n != min(size, len(rest)) {
				t.Fatalf("%d, %v", n, err)
			}
			rest = rest[n:]
		}
		if out.String() != want {
			t.Errorf("in parts of %d: got %q, want %q", size, out.String(), want)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestWriterFailsAsTheOther(t *testing.T) {
	if n, err := printable.NewWriter(broken{}).Write([]byte("x")); n != 0 || err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("%d, %v", n, err)
	}
}

// Programs read what was there, and a terminal sees no character that it would obey.
func TestJSON(t *testing.T) {
	const text = "a\x1b\u009b\x7f\u202e\u00a0\n\U000e0001 é"
	var out bytes.Buffer
	if err := printable.JSON(&out, map[string]string{"x": text}); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"x\": \"a\\u001b\\u009b\\u007f\\u202e\\u00a0\\n\\udb40\\udc01 é\"\n}\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["x"] != text {
		t.Errorf("%q, %v", back, err)
	}
}

// Joined errors are lines; a line break in a name is not.
func TestError(t *testing.T) {
	one, two := errors.New("file a\nnotation-pki: all is well"), errors.New("b\x1b[2J")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"one", one, "file a\ufffdnotation-pki: all is well"},
		{"joined", errors.Join(one, two), "file a\ufffdnotation-pki: all is well\nb\ufffd[2J"},
		{"deeper", errors.Join(errors.Join(one, two), two), "file a\ufffdnotation-pki: all is well\nb\ufffd[2J\nb\ufffd[2J"},
		{"wrapped", fmt.Errorf("x\n: %w", errors.Join(two, two)), "x\ufffd: b\ufffd[2J\nb\ufffd[2J"},
		{"two", fmt.Errorf("%w\n%w", two, two), "b\ufffd[2J\nb\ufffd[2J"},
		{"within", fmt.Errorf("%w and %w", one, two), "file a\ufffdnotation-pki: all is well and b\ufffd[2J"},
	} {
		if got := printable.Error(c.err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
