package valkey

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
)

const (
	mostText  = 100
	mostWhole = 1000
)

// follow feeds the text in parts of so many bytes, and returns the first error.
func follow(text string, part int) error {
	r := replies{text: mostText, whole: mostWhole}
	for len(text) > 0 {
		n := min(part, len(text))
		if err := r.follow([]byte(text[:n])); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// bulk announces n bytes, and has them.
func bulk(n int) string { return "$" + strconv.Itoa(n) + "\r\n" + strings.Repeat("x", n) + "\r\n" }

// Honest replies pass. What is beyond a bound fails when it is announced, however the bytes are cut.
func TestRepliesAreBoundedWhenAnnounced(t *testing.T) {
	slots := "*2\r\n" + strings.Repeat("*3\r\n:0\r\n:5460\r\n*4\r\n$9\r\n127.0.0.1\r\n:6379\r\n$1\r\na\r\n*0\r\n", 2)
	for _, c := range []struct {
		name string
		text string
		ok   bool
	}{
		{"status", "+OK\r\n", true},
		{"error", "-NOPERM no\r\n", true},
		{"number", ":-7\r\n", true},
		{"nothing", "$-1\r\n", true},
		{"no array", "*-1\r\n", true},
		{"empty string", "$0\r\n\r\n", true},
		{"line feeds in a string", "$6\r\n\n$9\r\n\n\r\n+OK\r\n", true},
		{"longest string", bulk(mostText), true},
		{"many replies", strings.Repeat(bulk(mostText), 100), true},
		{"slots of a Cluster", slots, true},
		{"arrays side by side", strings.Repeat("*1\r\n*0\r\n", 1000), true},
		{"long string", "$101\r\n", false},
		{"512 MiB", "$536870912\r\n", false},
		{"length beyond an int64", "$9223372036854775807\r\n", false},
		{"negative length", "$-2\r\n", false},
		{"length with a sign", "$+1\r\n", false},
		{"streamed string", "$?\r\n", false},
		{"no length", "$\r\n", false},
		{"long array", "*334\r\n", false},
		{"a billion elements", "*999999999\r\n", false},
		{"negative array", "*-9\r\n", false},
		{"deep array", strings.Repeat("*1\r\n", 9), false},
		{"endlessly deep", strings.Repeat("*1\r\n", 100000), false},
		{"long arrays in one array", "*100\r\n" + strings.Repeat("*200\r\n", 3), false},
		{"many long strings", "*11\r\n" + strings.Repeat(bulk(mostText), 11), false},
		{"long line", "-" + strings.Repeat("x", 5000), false},
		{"line feed alone", "+OK\n", false},
		{"empty line", "\r\n", false},
		{"RESP3 map", "%1\r\n", false},
		{"RESP3 push", ">1\r\n", false},
		{"RESP3 attribute", "|1\r\n", false},
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n", false},
		{"TLS", "\x15\x03\x01\x00\x02\x02\x46\n", false},
	} {
		for _, part := range []int{1, 3, 1 << 20} {
			if err := follow(c.text, part); (err == nil) != c.ok || err != nil && !errors.Is(err, errReply) {
				t.Errorf("%s, in parts of %d: %v", c.name, part, err)
			}
		}
	}
}

// A line is kept within its bound.
func TestALineIsNotKeptBeyondItsBound(t *testing.T) {
	r := replies{text: mostText, whole: mostWhole}
	for range 1000 {
		if r.follow(bytes.Repeat([]byte("x"), 1000)) != nil {
			break
		}
	}
	if len(r.line) > longestLine {
		t.Errorf("%d bytes of a line are kept", len(r.line))
	}
}

// allocated counts what a client makes room for, reading as go-redis does: a length, then room for it.
func allocated(in *bufio.Reader) (room int64, err error) {
	line, err := in.ReadString('\n')
	if err != nil || len(line) < 3 {
		return 0, io.EOF
	}
	n, _ := strconv.ParseInt(line[1:len(line)-2], 10, 64)
	switch line[0] {
	case '$':
		if n >= 0 {
			_, err = io.CopyN(io.Discard, in, n+2)
		}
		return max(n, 0), err
	case '*':
		room = max(n, 0)
		for range max(n, 0) {
			more, err := allocated(in)
			if room += more; err != nil {
				return room, err
			}
		}
	}
	return room, nil
}

// For any bytes that a server sends: those that pass make a client take no more memory than the bounds. It does not matter how
// they are cut into reads.
func FuzzRepliesBoundWhatIsMadeRoomFor(f *testing.F) {
	for _, seed := range []string{"+OK\r\n", "$5\r\nhello\r\n", "*2\r\n*1\r\n:1\r\n$-1\r\n", "*300\r\n*300\r\n", "$-1\r\n*-1\r\n"} {
		f.Add(seed, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, part uint8) {
		whole, parts := follow(text, len(text)+1), follow(text, int(part)+1)
		if (whole == nil) != (parts == nil) {
			t.Fatalf("%q: at once %v, in parts %v", text, whole, parts)
		}
		if whole != nil {
			return
		}
		for in := bufio.NewReader(strings.NewReader(text)); ; {
			room, err := allocated(in)
			if room > mostWhole {
				t.Fatalf("%q: room for %d", text, room)
			}
			if err != nil {
				return
			}
		}
	})
}
