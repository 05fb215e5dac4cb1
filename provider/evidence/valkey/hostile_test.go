package valkey_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/evidence/valkey"
)

// hostile listens, and answers each request with the same text; an empty text ends the connection. If it is polite it
// greets as a server does.
func hostile(t *testing.T, text string, polite bool) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					word, err := readRequest(in)
					reply := text
					if polite && word == "hello" {
						reply = "*0\r\n"
					}
					if _, wrong := io.WriteString(conn, reply); err != nil || wrong != nil || reply == "" {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// readRequest reads an array of strings, and returns the first.
func readRequest(in *bufio.Reader) (first string, err error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.Trim(line, "*\r\n"))
	for i := range n {
		if line, err = in.ReadString('\n'); err != nil {
			return "", err
		}
		length, err := strconv.Atoi(strings.Trim(line, "$\r\n"))
		if err != nil {
			return "", err
		}
		text := make([]byte, length+2)
		if _, err = io.ReadFull(in, text); err != nil {
			return "", err
		}
		if i == 0 {
			first = string(text[:length])
		}
	}
	return first, err
}

// Nothing that a server, a Sentinel or a node of a Cluster sends becomes an entry, takes much memory, or ends the process.
func TestHostileServersGiveNothing(t *testing.T) {
	node := "*4\r\n$9\r\n127.0.0.1\r\n:1\r\n$1\r\na\r\n*0\r\n"
	for _, tc := range []struct{ name, text string }{
		{"nothing", ""},
		{"garbage", "\x00\xff\x16\x03garbage\r\n"},
		{"HTTP", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"half a gigabyte", "$536870912\r\n" + strings.Repeat("x", 1<<20)},
		{"a length that overflows", "$9223372036854775807\r\n"},
		{"a billion elements", "*999999999\r\n"},
		{"endless arrays", strings.Repeat("*1\r\n", 1<<18)},
		{"an endless line", "+" + strings.Repeat("x", 1<<20)},
		{"more than was asked for", "+OK\r\n+OK\r\n$5\r\nvalue\r\n+OK\r\n"},
		{"a string", "$5\r\nvalue\r\n"},
		{"OK", "+OK\r\n"},
		{"a number", ":1\r\n"},
		{"an empty array", "*0\r\n"},
		{"an array of nothing", "*3\r\n$-1\r\n*-1\r\n$-1\r\n"},
		{"slots without nodes", "*1\r\n*2\r\n:0\r\n:16383\r\n"},
		{"slots of no number", "*1\r\n*3\r\n:-5\r\n:99999999\r\n" + node},
		{"slots of another place", "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$15\r\n169.254.169.254\r\n:80\r\n"},
		{"a node of no address", "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\n]\r\n$2\r\n::\r\n"},
		{"many nodes", "*2000\r\n" + strings.Repeat("*3\r\n:0\r\n:1\r\n*2\r\n$4\r\n1.ex\r\n:1\r\n", 2000)},
		{"moved there", "-MOVED 1 169.254.169.254:80\r\n"},
		{"moved nowhere", "-MOVED\r\n"},
		{"ask there", "-ASK 1 169.254.169.254:80\r\n"},
		{"try again", "-TRYAGAIN later\r\n"},
		{"a master elsewhere", "*2\r\n$15\r\n169.254.169.254\r\n$2\r\n80\r\n"},
		{"a push", ">3\r\n+message\r\n+switch-master\r\n+x\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for i, mode := range []string{valkey.Standalone, valkey.Sentinel, valkey.Cluster, valkey.Standalone, valkey.Sentinel, valkey.Cluster} {
				address := hostile(t, tc.text, i < 3)
				s := open(t, valkey.Options{
					Mode: mode, Addresses: []string{address}, Master: "m", PlainTextUnsafe: true,
					Nodes:  []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
					Prefix: "np:", TTL: time.Hour, EntryBytes: entry,
				})
				for range 3 {
					if value, err := s.Read(key); err == nil {
						t.Errorf("%s: read %q", mode, value)
					} else if len(err.Error()) > 2000 {
						t.Errorf("%s: an error of %d bytes", mode, len(err.Error()))
					}
				}
				_ = s.Write(key, []byte("value")) // a server may say OK
				s.Close()
			}
		})
	}
}

// Memory is bounded while a server announces what it does not send.
func TestHostileServersTakeNoMemory(t *testing.T) {
	before := allocated()
	for _, text := range []string{"$536870912\r\n", "*99999999\r\n", strings.Repeat("*1\r\n", 1<<18)} {
		s := open(t, plainText(hostile(t, text, true)))
		for range 3 {
			if _, err := s.Read(key); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%.20q: %v", text, err)
			}
		}
	}
	if took := allocated() - before; took > 64<<20 {
		t.Errorf("%d bytes were allocated", took)
	}
}

// What a server says of an error may have our username or anything else in it: its code alone is told.
func TestErrorsLeaveOutTheServersWords(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"-NOPERM User alice has no permissions to run the 'getex' command\r\n", "it answered NOPERM; the user lacks a right"},
		{"-WRONGPASS invalid username-password pair or user is disabled.\r\n", "it answered WRONGPASS; see username and passwordFile"},
		{"-OOM command not allowed, alice\r\n", "it answered OOM; its memory is full"},
		{"-alice \x1b[2J\r\n", "it answered with an error"},
	} {
		s := open(t, plainText(hostile(t, tc.text, true)))
		_, err := s.Read(key)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "alice") {
			t.Errorf("read: %v", err)
		}
		if err := s.Write(key, nil); err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "alice") {
			t.Errorf("write: %v", err)
		}
	}
}

// Files that are missing or wrong are found at start, and later leave the old ones in force.
func TestFilesAreCheckedAtStartAndLater(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	o := plainText("127.0.0.1:1")
	o.Username, o.PasswordFile = "u", password
	if _, err := valkey.New(o); err == nil || !strings.Contains(err.Error(), password) {
		t.Errorf("no file: %v", err)
	}
	if err := valkey.Check(o); err == nil || !strings.Contains(err.Error(), password) {
		t.Errorf("check finds no file: %v", err)
	}
	put := func(text string) {
		if err := os.WriteFile(password, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", "\n", "one\ntwo\n", "\x00"} {
		put(text)
		if _, err := valkey.New(o); err == nil || !strings.Contains(err.Error(), "write the password alone") || strings.Contains(err.Error(), "two") {
			t.Errorf("%q: %v", text, err)
		}
	}
	put("secret\n")
	if err := valkey.Check(o); err != nil {
		t.Error(err)
	}
	s := open(t, o)
	for _, c := range []struct {
		text        string
		changed, ok bool
	}{{"secret\n", false, true}, {"", false, false}, {"", false, false}, {"secret\n", false, true}, {"other\r\n", true, true}} {
		put(c.text)
		if changed, err := s.Reload(); changed != c.changed || (err == nil) != c.ok {
			t.Errorf("%q: %t %v", c.text, changed, err)
		}
	}
	o.PlainTextUnsafe, o.CAFile = false, password
	if _, err := valkey.New(o); err == nil || !strings.Contains(err.Error(), "it holds no certificate") {
		t.Errorf("no CA: %v", err)
	}
	o.CAFile, o.CertFile, o.KeyFile = "", password, password
	if _, err := valkey.New(o); err == nil || !strings.Contains(err.Error(), "it holds no certificate") {
		t.Errorf("no certificate: %v", err)
	}
}
