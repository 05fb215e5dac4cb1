package reload_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load loads f with a function that takes everything, and says what it was given.
func load(t *testing.T, f *reload.Files) (changed bool, got reload.Contents) {
	t.Helper()
	changed, err := f.Load(func(c reload.Contents) error { got = c; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return changed, got
}

// Files are loaded when their contents change and not otherwise.
func TestFilesAreLoadedWhenContentsChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	write(t, file, "one")
	f := reload.NewFiles(file)
	if changed, got := load(t, f); !changed || string(got[file]) != "one" {
		t.Errorf("first: %v %q", changed, got)
	}
	write(t, file, "one")
	if changed, got := load(t, f); changed || got != nil {
		t.Errorf("rewritten with the same: %v %q", changed, got)
	}
	write(t, file, "two")
	if changed, got := load(t, f); !changed || string(got[file]) != "two" {
		t.Errorf("rewritten: %v %q", changed, got)
	}
}

// Broken contents fail with each load until the old ones are back.
func TestBrokenContentsFailWithEachLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	write(t, file, "good")
	f := reload.NewFiles(file)
	load(t, f)

	write(t, file, "bad")
	broken := errors.New("broken")
	for range 2 {
		if changed, err := f.Load(func(reload.Contents) error { return broken }); changed || !errors.Is(err, broken) {
			t.Errorf("got %v %v", changed, err)
		}
	}
	write(t, file, "good")
	if changed, _ := load(t, f); changed {
		t.Error("what is in force already was loaded again")
	}
}

func TestAKubernetesVolumeSwapIsSeen(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for _, tc := range []struct{ name, content string }{{"v1", "one"}, {"v2", "two"}} {
		if err := os.Mkdir(at(tc.name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(at(tc.name), "tls.crt"), tc.content)
	}
	link := func(target, name string) {
		if err := errors.Join(os.Symlink(target, at("new")), os.Rename(at("new"), at(name))); err != nil {
			t.Fatal(err)
		}
	}
	link("v1", "..data")
	link("..data/tls.crt", "tls.crt")

	f := reload.NewFiles(at("tls.crt"))
	load(t, f)
	link("v2", "..data")
	if changed, got := load(t, f); !changed || string(got[at("tls.crt")]) != "two" {
		t.Errorf("got %v %q", changed, got)
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	folder := t.TempDir()
	good, big, pipe := filepath.Join(folder, "good"), filepath.Join(folder, "big"), filepath.Join(folder, "pipe")
	write(t, good, "x")
	write(t, big, strings.Repeat("x", reload.MaxFile+1))
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ path, why string }{
		{filepath.Join(folder, "missing"), "no such file"},
		{big, "larger than 4194304 bytes"},
		{pipe, "not a regular file"},
		{folder, "not a regular file"},
	} {
		_, err := reload.NewFiles(good, tc.path).Load(func(reload.Contents) error { return nil })
		if err == nil || !strings.Contains(err.Error(), tc.path) || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("got %v, want %s: %s", err, tc.path, tc.why)
		}
	}
}

func TestAFileOfTheLargestSizeIsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	want := bytes.Repeat([]byte("x"), reload.MaxFile)
	write(t, file, string(want))
	if _, got := load(t, reload.NewFiles(file)); !bytes.Equal(got[file], want) {
		t.Errorf("got %d bytes", len(got[file]))
	}
}

func TestFingerprintsTellPathsAndContentsApart(t *testing.T) {
	seen := map[[32]byte]int{}
	for i, c := range []reload.Contents{
		{}, {"a": nil}, {"a": []byte("b")}, {"ab": nil}, {"a": nil, "b": nil}, {"a": []byte("b"), "c": nil}, {"a": nil, "bc": nil},
	} {
		if other, ok := seen[c.Fingerprint()]; ok {
			t.Errorf("contents %d and %d have one fingerprint", i, other)
		}
		seen[c.Fingerprint()] = i
	}
}
