//go:build e2e

package cluster

import (
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// output is a pipe into the log that the container's user may open again, as with container runtimes. Written is closed when
// all is in the log.
func (r *running) output(log *os.File) (out *os.File, written chan struct{}, err error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	if !r.launch.OneUser {
		if err := out.Chown(r.launch.UID, r.launch.GID); err != nil {
			return nil, nil, errors.Join(err, in.Close(), out.Close())
		}
	}
	written = make(chan struct{})
	go func() {
		defer close(written)
		defer log.Close()
		defer in.Close()
		_, _ = io.Copy(log, in)
	}()
	return out, written, nil
}

// file holds the launch in memory, for the process that reads it.
func (l *launch) file() (*os.File, error) {
	data, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("launch", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "launch")
	if _, err := f.Write(data); err != nil {
		f.Close()
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// file is the namespace for a child.
func (p *podNet) file() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(p.namespace), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "namespace"), nil
}
