package regularfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

const most = 8

// folder holds one file of each kind, by the name of the kind.
func folder(t *testing.T) func(name string) string {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	listener, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	if err := errors.Join(
		os.WriteFile(at("full"), bytes.Repeat([]byte("x"), most), 0o600),
		os.WriteFile(at("large"), bytes.Repeat([]byte("x"), most+1), 0o600),
		os.Truncate(at("large"), 1<<40), // sparse
		os.Symlink("full", at("link")),
		os.Symlink("nothing", at("dangling")),
		syscall.Mkfifo(at("pipe"), 0o600),
		os.Symlink("pipe", at("link-to-pipe")),
		os.Symlink("/dev/zero", at("device")),
	); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRegularFilesAreRead(t *testing.T) {
	at := folder(t)
	for _, name := range []string{"full", "link"} {
		if data, err := regularfile.Read(at(name), most); err != nil || len(data) != most {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// Nothing else is read, and nothing is waited for.
func TestOtherFilesAreRefused(t *testing.T) {
	at := folder(t)
	for _, c := range []struct {
		name string
		is   error
		says string
	}{
		{"", regularfile.ErrNotRegular, "it is a directory, not a regular file"},
		{"pipe", regularfile.ErrNotRegular, "it is a named pipe, not a regular file"},
		{"link-to-pipe", regularfile.ErrNotRegular, "it is a named pipe, not a regular file"},
		{"socket", regularfile.ErrNotRegular, "it is a socket, not a regular file"},
		{"device", regularfile.ErrNotRegular, "it is a device, not a regular file"},
		{"large", regularfile.ErrTooLarge, "it is larger than 8 bytes"},
		{"dangling", fs.ErrNotExist, "no such file"},
		{"missing", fs.ErrNotExist, "no such file"},
	} {
		data, err := regularfile.Read(at(c.name), most)
		if data != nil || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), at(c.name)) {
			t.Errorf("%s: %v; want %q and the path", c.name, err, c.says)
		}
	}
}

// A name that leads to something else between the look and the open is refused.
func TestOpenFilesAreLookedAt(t *testing.T) {
	at := folder(t)
	for _, tc := range []struct {
		name string
		is   error
	}{{"pipe", regularfile.ErrNotRegular}, {"device", regularfile.ErrNotRegular}, {"large", regularfile.ErrTooLarge}} {
		f, err := os.OpenFile(at(tc.name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := regularfile.ReadOpen(f, tc.name, most); !errors.Is(err, tc.is) {
			t.Errorf("%s: %v", tc.name, err)
		}
		_ = f.Close()
	}
}

// endless is a stream without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestStreamsAreReadWithinTheBound(t *testing.T) {
	if data, err := regularfile.ReadAll(strings.NewReader("12345678"), "standard input", most); err != nil || len(data) != most {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := regularfile.ReadAll(endless{}, "standard input", most); !errors.Is(err, regularfile.ErrTooLarge) {
		t.Errorf("an endless stream: %v", err)
	}
}
