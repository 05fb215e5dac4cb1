package evidence_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
)

const folderBound = 16 << 20

// folder is a directory, where it is, and the names of its files.
func folder(t *testing.T) (*evidence.Directory, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evidence")
	return evidence.NewDirectory(path, folderBound, envelope), path
}

func put(t *testing.T, d *evidence.Directory, key string, value []byte) {
	t.Helper()
	if err := d.Write(key, value); err != nil {
		t.Fatalf("write %s: %v", key, err)
	}
}

func has(d *evidence.Directory, key string) bool {
	_, err := d.Read(key)
	return err == nil
}

// missing fails the test unless there is nothing under the key, which is no failure of the storage.
func missing(t *testing.T, d *evidence.Directory, key, why string) {
	t.Helper()
	if value, err := d.Read(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: read %.40q, %v; want nothing", why, value, err)
	}
}

func files(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// taken is what a folder takes on a disk, in blocks of 4 KiB.
func taken(t *testing.T, path string) (sum int64) {
	t.Helper()
	for _, file := range files(t, path) {
		info, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		sum += (info.Size() + 4095) / 4096 * 4096
	}
	return sum
}

func TestDirectoryOutlivesItsProcess(t *testing.T) {
	d, path := folder(t)
	missing(t, d, "a@1", "no folder yet")
	put(t, d, "a@1", []byte("one"))
	put(t, d, "a@1", []byte("two"))
	put(t, d, "a@2", nil)
	again := evidence.NewDirectory(path, folderBound, envelope)
	if value, err := again.Read("a@1"); err != nil || string(value) != "two" {
		t.Errorf("read %q, %v", value, err)
	}
	if value, err := again.Read("a@2"); err != nil || len(value) != 0 {
		t.Errorf("read %q, %v", value, err)
	}
	missing(t, again, "b@1", "another repository")
	for _, file := range files(t, path) {
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if found := files(t, path); len(found) != 2 {
		t.Errorf("files %q, want one for each entry", found)
	}
}

// The folder keeps its bound at each moment, and what was used last.
func TestDirectoryKeepsItsBound(t *testing.T) {
	d, path := folder(t)
	value, used := make([]byte, 100<<10), "r0@used"
	put(t, d, used, value)
	for i := range 400 { // 40 MiB
		put(t, d, fmt.Sprintf("r%d@1", i), value)
		if sum := taken(t, path); sum > folderBound {
			t.Fatalf("the folder takes %d bytes after %d entries, of %d", sum, i, folderBound)
		}
		if i%10 == 0 && !has(d, used) {
			t.Fatalf("an entry in use was removed after %d others", i)
		}
	}
	if sum := taken(t, path); sum < folderBound*9/10 {
		t.Errorf("the folder takes %d bytes only, of %d", sum, folderBound)
	}
	if has(d, "r1@1") || !has(d, "r399@1") {
		t.Error("not the oldest was removed")
	}
}

// A bound that became smaller holds at the first write.
func TestDirectoryShrinksToASmallerBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evidence")
	large := evidence.NewDirectory(path, 4*folderBound, envelope)
	for i := range 400 {
		put(t, large, fmt.Sprintf("r%d@1", i), make([]byte, 100<<10))
	}
	put(t, evidence.NewDirectory(path, folderBound, envelope), "new@1", nil)
	if sum := taken(t, path); sum > folderBound {
		t.Errorf("the folder takes %d bytes, of %d", sum, folderBound)
	}
}

// Any number of images of one repository take an eighth of the folder, and nothing from those of others.
func TestRepositoryHasAShareOfTheDirectory(t *testing.T) {
	d, path := folder(t)
	for i := range 20 {
		put(t, d, fmt.Sprintf("registry/%d@1", i), make([]byte, 1000))
	}
	before := taken(t, path)
	for i := range 400 {
		put(t, d, fmt.Sprintf("registry/greedy@%d", i), make([]byte, 100<<10))
	}
	if grown := taken(t, path) - before; grown > folderBound/8 || grown < folderBound/16 {
		t.Errorf("one repository holds %d bytes of %d", grown, folderBound)
	}
	for i := range 20 {
		if key := fmt.Sprintf("registry/%d@1", i); !has(d, key) {
			t.Errorf("%s was removed", key)
		}
	}
	if !has(d, "registry/greedy@399") {
		t.Error("the newest entry of the repository was removed")
	}
}

// A user who may write in the folder makes us read no other file, and wait for nothing.
func TestDirectoryReadsRegularFilesOnly(t *testing.T) {
	d, path := folder(t)
	put(t, d, "a@1", []byte("one"))
	put(t, d, "b@1", []byte("two"))
	name := files(t, path)[0]
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	outside, inside := filepath.Join(t.TempDir(), "outside"), filepath.Join(path, "inside")
	for _, file := range []string{outside, inside} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := "a@1"
	if !bytes.Contains(text, []byte(key)) {
		key = "b@1"
	}
	for _, tc := range []struct {
		why  string
		make func() error
	}{
		{"a symlink that leads out", func() error { return os.Symlink(outside, name) }},
		{"a symlink that stays", func() error { return os.Symlink("inside", name) }},
		{"a symlink to itself", func() error { return os.Symlink(filepath.Base(name), name) }},
		{"a named pipe", func() error { return syscall.Mkfifo(name, 0o600) }},
		{"a folder", func() error { return os.Mkdir(name, 0o700) }},
		{"a huge file", func() error { return errors.Join(os.WriteFile(name, text, 0o600), os.Truncate(name, 1<<40)) }},
		{"an empty file", func() error { return os.WriteFile(name, nil, 0o600) }},
		{"a file without its header", func() error { return os.WriteFile(name, text[1:], 0o600) }},
	} {
		if err := errors.Join(os.Remove(name), tc.make()); err != nil {
			t.Fatal(err)
		}
		missing(t, d, key, tc.why)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	put(t, d, key, []byte("three"))
	if !has(d, key) {
		t.Error("a name that was taken is not written")
	}
}

// An entry that was copied to the name of another is not the other's.
func TestEntriesUnderOtherNamesAreMisses(t *testing.T) {
	d, path := folder(t)
	put(t, d, "a@1", []byte("one"))
	mine := files(t, path)[0]
	put(t, d, "a@2", []byte("two"))
	other := files(t, path)[0]
	if other == mine {
		other = files(t, path)[1]
	}
	text, err := os.ReadFile(mine)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, text, 0o600); err != nil {
		t.Fatal(err)
	}
	missing(t, d, "a@2", "a copy")
}

// Files of others stay, and what a process did not finish goes.
func TestDirectoryLeavesOthersFilesAlone(t *testing.T) {
	d, path := folder(t)
	put(t, d, "a@1", nil)
	entry := files(t, path)[0]
	old := time.Now().Add(-time.Hour)
	for _, tc := range []struct {
		name  string
		stays bool
	}{
		{"lost+found", true}, {"README", true}, {filepath.Base(entry) + ".bak", true}, {strings.ToUpper(filepath.Base(entry)), true},
		{filepath.Base(entry) + ".tmp-abc", false},
	} {
		file := filepath.Join(path, tc.name)
		if err := errors.Join(os.WriteFile(file, make([]byte, folderBound), 0o600), os.Chtimes(file, old, old)); err != nil {
			t.Fatal(err)
		}
		put(t, evidence.NewDirectory(path, folderBound, envelope), "a@2", nil)
		if _, err := os.Stat(file); (err == nil) != tc.stays {
			t.Errorf("%s: %v, want it to stay: %t", tc.name, err, tc.stays)
		}
	}
	if !has(d, "a@1") || !has(d, "a@2") {
		t.Error("files of others took the room of entries")
	}
}

// The folder may be emptied, removed and replaced while it is in use.
func TestDirectoryMayBeWiped(t *testing.T) {
	d, path := folder(t)
	for _, tc := range []struct {
		why  string
		wipe func() error
	}{
		{"emptied", func() error { return os.Remove(files(t, path)[0]) }},
		{"removed", func() error { return os.RemoveAll(path) }},
		{"moved", func() error { return os.Rename(path, path+".old") }},
	} {
		put(t, d, "a@1", []byte("one"))
		if err := tc.wipe(); err != nil {
			t.Fatal(err)
		}
		missing(t, d, "a@1", tc.why)
		put(t, d, "a@1", []byte("two"))
		if !has(d, "a@1") {
			t.Errorf("%s: it is not written again", tc.why)
		}
	}
}

// A folder that cannot be used is an error, of which nothing is left behind.
func TestUnusableFoldersAreErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below"), filepath.Join(t.TempDir(), "no", "parent")} {
		d := evidence.NewDirectory(path, folderBound, envelope)
		if err := d.Write("a@1", nil); err == nil {
			t.Errorf("%s: it is written", path)
		}
	}
}

// Of an entry that was cut anywhere, as by a crash, nothing is believed.
func TestCutFilesAreNotRecalled(t *testing.T) {
	d, path := folder(t)
	store := evidence.NewDurable(d, envelope, unobserved, slog.New(slog.DiscardHandler))
	evidence.New(newShelf(), func(bool) {}).Behind(store, func(bool) {}).Keep(t.Context(), image, piece())
	store.Close()
	name := files(t, path)[0]
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	store = evidence.NewDurable(d, envelope, unobserved, slog.New(slog.DiscardHandler))
	defer store.Close()
	recalled := func() bool {
		_, ok := evidence.New(newShelf(), func(bool) {}).Behind(store, func(bool) {}).Recall(t.Context(), image)
		return ok
	}
	for cut := range len(text) {
		if err := os.WriteFile(name, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if recalled() {
			t.Fatalf("%d of %d bytes are recalled", cut, len(text))
		}
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if !recalled() {
		t.Error("the whole file is not recalled")
	}
}

// Replicas that share the folder read whole entries, and keep nearly its bound.
func TestReplicasMayShareTheDirectory(t *testing.T) {
	_, path := folder(t)
	var working sync.WaitGroup
	for replica := range 3 {
		working.Go(func() {
			d := evidence.NewDirectory(path, folderBound, envelope)
			for i := range 150 {
				key := fmt.Sprintf("r%d@1", (7*i+replica)%200)
				value := bytes.Repeat([]byte(digest.FromString(key)), 1400) // 100 KiB
				if err := d.Write(key, value); err != nil {
					t.Errorf("write: %v", err)
				}
				if got, err := d.Read(key); err == nil && !bytes.Equal(got, value) {
					t.Errorf("read %d bytes that are another's or cut", len(got))
				} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
	working.Wait()
	if sum := taken(t, path); sum > folderBound*9/8 {
		t.Errorf("the folder takes %d bytes, of %d", sum, folderBound)
	}
}
