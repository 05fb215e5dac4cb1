package system

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const (
	megabyte = 1 << 20
	// noAnswer stands for a connection that is closed without an answer.
	noAnswer = 0
	// sockets is the most of what the server never reads that two TCP stacks may have taken off the client's hands.
	sockets = 32 * megabyte
)

// What may be left when all is over. During the abuse it is more than that, which the test sees to.
const (
	moreGoroutines  = 20
	moreDescriptors = 20
	moreMemory      = 128 * megabyte // a single body of 200 MB that was kept would be more
)

// abuse is what is sent, and what may come back.
type abuse struct {
	send  func(io.Writer) error
	want  []int
	plain bool // without TLS
}

func TestAbuseIsAnsweredOrHungUpOnAndNothingGrows(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	all := abuses()
	l.abuse(t, all) // all that is made once is there now
	before := l.use(t)
	slow := l.slow(t)
	for range 2 {
		l.abuse(t, all)
	}
	if during := l.use(t); during.goroutines < before.goroutines+moreGoroutines || during.descriptors < before.descriptors+moreDescriptors {
		t.Errorf("%+v became %+v: that is no abuse", before, during)
	}
	slow.Wait()
	l.askers.more(t)
	rig.Eventually(t, "the server holds no more than before", func() error {
		after := l.use(t)
		if after.goroutines > before.goroutines+moreGoroutines || after.descriptors > before.descriptors+moreDescriptors || after.memory > before.memory+moreMemory {
			return fmt.Errorf("%+v became %+v", before, after)
		}
		return nil
	})
	t.Logf("%+v became %+v", before, l.use(t))
}

// abuse does everything once, a few at a time.
func (l *life) abuse(t *testing.T, all map[string]abuse) {
	t.Helper()
	var under sync.WaitGroup
	places := make(chan struct{}, 4)
	for name, a := range all {
		places <- struct{}{}
		under.Go(func() {
			defer func() { <-places }()
			if err := l.commit(t, a); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	under.Wait()
	l.askers.more(t)
}

// counted counts what goes through.
type counted struct {
	io.Writer
	bytes int
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.bytes += n
	return n, err
}

// commit sends all of it, as far as the server takes it, and listens meanwhile.
func (l *life) commit(t *testing.T, a abuse) error {
	conn := l.connect(t)
	defer conn.Close()
	if !a.plain {
		conn = tls.Client(conn, l.secured(l.ClientCert))
	}
	sent := make(chan int, 1)
	go func() {
		to := &counted{Writer: conn}
		if err := a.send(to); err == nil {
			half, _ := conn.(interface{ CloseWrite() error })
			_ = half.CloseWrite() // the server may have closed it
		}
		sent <- to.bytes
	}()
	status, err := readAnswer(conn)
	if errors.Is(err, errSilence) {
		status, err = noAnswer, nil
	}
	conn.Close()
	switch n := <-sent; {
	case err != nil:
		return err
	case !slices.Contains(a.want, status):
		return fmt.Errorf("status %d, want %d", status, a.want)
	case n > sockets:
		return fmt.Errorf("the server took %d bytes", n)
	}
	return nil
}

// text sends what it is given, without an end.
func text(parts ...string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(parts, ""))
		return err
	}
}

// header begins a request to /validate in JSON.
func header(lines ...string) string {
	return "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + strings.Join(append(lines, "\r\n"), "\r\n")
}

// chunk is one piece of a body whose length is not announced.
func chunk(content string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(content), content) }

// flood sends a header and 200 pieces of a megabyte.
func flood(header, piece string) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := io.WriteString(w, header); err != nil {
			return err
		}
		for range 200 {
			if _, err := io.WriteString(w, piece); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "0\r\n\r\n")
		return err
	}
}

// bomb is some hundred kilobytes that say they are 200 megabytes.
func bomb() string {
	var member, all bytes.Buffer
	w := gzip.NewWriter(&member)
	_, _ = w.Write(bytes.Repeat([]byte(" "), megabyte)) // into memory
	_ = w.Close()
	for range 200 {
		all.Write(member.Bytes())
	}
	return all.String()
}

// abuses are all there are by name, with the answers they may get.
func abuses() map[string]abuse {
	var (
		malformed = []int{http.StatusBadRequest}
		tooLarge  = []int{http.StatusRequestEntityTooLarge}
		closed    = []int{noAnswer}
		spaces    = strings.Repeat(" ", megabyte)
		manyKeys  = about(slices.Collect(func(yield func(string) bool) {
			for i := range 100_000 {
				if !yield(fmt.Sprint(i)) {
					return
				}
			}
		})...)
		compressed = bomb()
	)
	json := func(body string) func(io.Writer) error { return text(question(body)) }
	return map[string]abuse{
		"200 MB that are announced":     {send: flood(header("Content-Length: 209715200"), spaces), want: tooLarge},
		"200 MB in chunks":              {send: flood(header("Transfer-Encoding: chunked"), chunk(spaces)), want: tooLarge},
		"200 MB in chunks elsewhere":    {send: flood("POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk(spaces)), want: []int{http.StatusNotFound}},
		"an absurd length":              {send: text(header("Content-Length: 9223372036854775807"), "{}"), want: append(malformed, tooLarge...)},
		"a length beyond numbers":       {send: text(header("Content-Length: 92233720368547758070"), "{}"), want: malformed},
		"a negative length":             {send: text(header("Content-Length: -1"), "{}"), want: malformed},
		"two lengths":                   {send: text(header("Content-Length: 2", "Content-Length: 3"), "{}"), want: malformed},
		"an absurd chunk":               {send: text(header("Transfer-Encoding: chunked"), "fffffffffffffffff\r\n{}"), want: malformed},
		"a chunk that is none":          {send: text(header("Transfer-Encoding: chunked"), "junk\r\n"), want: malformed},
		"an unknown transfer encoding":  {send: text(header("Transfer-Encoding: gzip"), compressed), want: []int{http.StatusNotImplemented}},
		"a body that ends early":        {send: text(header("Content-Length: 1000"), "{"), want: malformed},
		"100,000 keys":                  {send: json(manyKeys), want: tooLarge},
		"a gzip bomb":                   {send: text(header("Content-Encoding: gzip", fmt.Sprint("Content-Length: ", len(compressed))), compressed), want: malformed},
		"a gzip bomb in chunks":         {send: text(header("Content-Encoding: gzip", "Transfer-Encoding: chunked"), chunk(compressed), "0\r\n\r\n"), want: malformed},
		"a key of a megabyte":           {send: json(about(strings.Repeat("a", megabyte-200))), want: []int{http.StatusOK}},
		"brackets within brackets":      {send: json(strings.Repeat("[", megabyte)), want: malformed},
		"objects within objects":        {send: json(strings.Repeat(`{"request":`, 90_000)), want: malformed},
		"no body":                       {send: json(""), want: malformed},
		"null":                          {send: json("null"), want: malformed},
		"bytes that are no text":        {send: json("\xff\xfe\x00"), want: malformed},
		"two documents":                 {send: json(about("none!") + about("none!")), want: malformed},
		"keys that are no strings":      {send: json(strings.Replace(about("none!"), `"none!"`, `{"a":[1]}`, 1)), want: malformed},
		"another version":               {send: json(strings.Replace(about("none!"), "v1beta1", "v9", 1)), want: malformed},
		"another kind":                  {send: json(strings.Replace(about("none!"), "ProviderRequest", "ProviderResponse", 1)), want: malformed},
		"a form":                        {send: text(strings.Replace(question("a=b"), "application/json", "application/x-www-form-urlencoded", 1)), want: []int{http.StatusUnsupportedMediaType}},
		"a GET":                         {send: text("GET /validate HTTP/1.1\r\nHost: x\r\n\r\n"), want: []int{http.StatusMethodNotAllowed}},
		"a method that is none":         {send: text("JUNK /validate HTTP/1.1\r\nHost: x\r\n\r\n"), want: []int{http.StatusMethodNotAllowed}},
		"a tunnel":                      {send: text("CONNECT evil.io:443 HTTP/1.1\r\nHost: evil.io:443\r\n\r\n"), want: []int{http.StatusNotFound}},
		"the way out":                   {send: text("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"), want: []int{http.StatusNotFound}},
		"the admin door's paths":        {send: text("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), want: []int{http.StatusNotFound}},
		"a request to no path":          {send: text("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), want: []int{http.StatusNotFound}},
		"no host":                       {send: text("POST /validate HTTP/1.1\r\n\r\n"), want: malformed},
		"a header without end":          {send: text("POST /validate HTTP/1.1\r\nHost: x\r\nX: ", spaces), want: []int{http.StatusRequestHeaderFieldsTooLarge}},
		"headers without end":           {send: text("POST /validate HTTP/1.1\r\nHost: x\r\n", strings.Repeat("X: y\r\n", 100_000)), want: []int{http.StatusRequestHeaderFieldsTooLarge}},
		"a header that is none":         {send: text("POST /validate HTTP/1.1\r\nHost: x\r\njunk\r\n\r\n"), want: malformed},
		"an HTTP of the future":         {send: text("POST /validate HTTP/9.9\r\nHost: x\r\n\r\n"), want: []int{http.StatusHTTPVersionNotSupported}},
		"HTTP/2 where it was not asked": {send: text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), want: append(closed, http.StatusHTTPVersionNotSupported, http.StatusNotFound, http.StatusBadRequest)},
		"junk within TLS":               {send: text(strings.Repeat("\x00\xff\r\n", 1000)), want: malformed},
		"nothing within TLS":            {send: func(w io.Writer) error { return w.(*counted).Writer.(*tls.Conn).Handshake() }, want: closed},
		"plain HTTP":                    {send: text(question(about("none!"))), plain: true, want: malformed},
		"junk without TLS":              {send: text(strings.Repeat("\x00\xff\r\n", 1000)), plain: true, want: closed},
		"half a hello":                  {send: text("\x16\x03\x01\x02\x00\x01\x00"), plain: true, want: closed},
		"an absurd hello":               {send: text("\x16\x03\x01\xff\xff", spaces), plain: true, want: closed},
		"nothing":                       {send: text(""), plain: true, want: closed},
	}
}

// slow opens many connections that are fed byte by byte: within the handshake, the header and the body. The group is
// done when the server has ended them all.
func (l *life) slow(t *testing.T) *sync.WaitGroup {
	t.Helper()
	const each = 25
	var held sync.WaitGroup
	for _, tc := range []struct{ name, beginning string }{
		{"handshake", "\x16\x03\x01\x02\x00\x01\x00"},
		{"header", "POST /validate HTTP/1.1\r\nHost: x\r\nX: "},
		{"body", header("Content-Length: 100000")},
		{"chunks", header("Transfer-Encoding: chunked") + "10000\r\n"},
	} {
		for range each {
			conn := l.connect(t)
			if tc.name != "handshake" {
				conn = tls.Client(conn, l.secured(l.ClientCert))
			}
			if _, err := io.WriteString(conn, tc.beginning); err != nil {
				t.Fatal(err)
			}
			held.Go(func() {
				defer conn.Close()
				ended := make(chan struct{})
				go drip(conn, ended)
				status, err := readAnswer(conn)
				close(ended)
				if !errors.Is(err, errSilence) && (err != nil || status != http.StatusBadRequest) {
					t.Errorf("a slow %s: status %d, error %v", tc.name, status, err)
				}
			})
		}
	}
	return &held
}

// drip sends spaces until it has ended.
func drip(conn net.Conn, ended <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if _, err := io.WriteString(conn, " "); err != nil {
			return
		}
	}
}
