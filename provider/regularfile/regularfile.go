// Package regularfile reads input files: those that a command line or the
// configuration names. It reads regular files only, after following symlinks (a
// Kubernetes volume is made of them), and within a bound. Opening a named pipe would
// wait for its writer, and a device may have no end.
package regularfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// MaxText is a bound for files of objects or answers that people and tools write: 64 MiB. It leaves
// room for a list of everything in a cluster.
const MaxText = 64 << 20

// ErrNotRegular and ErrTooLarge tell by [errors.Is] why a file was refused. Each is the
// part of the message that says so.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("larger")
)

// Read returns the contents of the file at path. The error names the path. It wraps
// [ErrNotRegular] if the path leads to something else than a regular file, and
// [ErrTooLarge] if the file has more bytes than most.
func Read(path string, most int64) ([]byte, error) {
	f, err := Open(path, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, path, most)
}

// Open opens the file at path for one that reads it in parts. Its errors are those of [Read]. The file may grow beyond the
// bound meanwhile: the reader has its own.
func Open(path string, most int64) (*os.File, error) {
	// Some devices act when they are opened: they are refused before that.
	info, err := os.Stat(path)
	if wrong, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: wrong.Err}
	}
	if err != nil {
		return nil, err
	}
	if err := Check(path, info, most); err != nil {
		return nil, err
	}
	// The name may lead to a pipe by now: without O_NONBLOCK the open would wait.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	if err := check(f, path, most); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// check is [Check] of a file that is open already, whose reads end after some time from now on.
func check(f *os.File, path string, most int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	expire(f, within)
	return Check(path, info, most)
}

// ReadOpen is [Read] for a file that is open already, and is called path in errors.
// It must have been opened with O_NONBLOCK if it may be a pipe.
func ReadOpen(f *os.File, path string, most int64) ([]byte, error) {
	if err := check(f, path, most); err != nil {
		return nil, err
	}
	return ReadAll(f, path, most)
}

// within is how long a file may keep its reader waiting.
const within = 10 * time.Second

// expire ends reads of a file after some time, if it is one that readers wait for. Some files
// below /proc say that they are regular and are: /proc/kmsg waits for the kernel's next line.
// A file on a disk takes no deadline, and needs none.
func expire(f *os.File, within time.Duration) {
	_ = f.SetReadDeadline(time.Now().Add(within))
}

// ReadAll reads a stream, such as standard input, within the bound.
func ReadAll(r io.Reader, name string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > most {
		return nil, tooLarge(name, most)
	}
	return data, nil
}

// Check tells by what is known of the file at path whether [Read] would refuse it.
func Check(path string, info fs.FileInfo, most int64) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("read %s: it is %s, %w", path, Kind(info.Mode()), ErrNotRegular)
	}
	if info.Size() > most {
		return tooLarge(path, most)
	}
	return nil
}

func tooLarge(name string, most int64) error {
	return fmt.Errorf("read %s: it is %w than %d bytes", name, ErrTooLarge, most)
}

// Kind names what a file is, with its article: "a named pipe".
func Kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symlink"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}
