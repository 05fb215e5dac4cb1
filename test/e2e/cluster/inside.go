//go:build e2e

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// The descriptors that a container's process is started with.
const (
	fdLaunch  = 3 // the launch as JSON
	fdReport  = 4 // closed when the program begins; before that a problem may be written to it
	fdNetwork = 5 // the pod's network namespace, where it has one
)

// containerMain becomes the container's program. It returns only where that fails.
func containerMain() int {
	runtime.LockOSThread()
	report := os.NewFile(fdReport, "report")
	unix.CloseOnExec(fdReport)
	err := becomeContainer()
	fmt.Fprintln(report, err)
	return 128
}

func becomeContainer() error {
	var l launch
	spec := os.NewFile(fdLaunch, "launch")
	if err := json.NewDecoder(spec).Decode(&l); err != nil {
		return err
	}
	spec.Close()
	if err := unix.Setns(fdNetwork, unix.CLONE_NEWNET); err == nil {
		_ = unix.Close(fdNetwork)
	} else if !errors.Is(err, unix.EBADF) {
		return fmt.Errorf("entering the pod's network: %w", err)
	}
	if err := unix.Sethostname([]byte(l.Hostname)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	root, err := l.makeRoot()
	if err != nil {
		return err
	}
	if err := enterRoot(root); err != nil {
		return err
	}
	return l.becomeProgram()
}

// makeRoot mounts the image under a layer in memory, and everything else on top.
func (l *launch) makeRoot() (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", err
	}
	base := filepath.Join(l.Scratch, "root")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	// What is mounted may lie below the same folder: it is opened before something else is mounted there.
	if err := unix.Mount("tmpfs", base, "tmpfs", 0, "mode=755"); err != nil {
		return "", fmt.Errorf("mounting a tmpfs: %w", err)
	}
	upper, work, root := filepath.Join(base, "upper"), filepath.Join(base, "work"), filepath.Join(base, "merged")
	for _, folder := range []string{upper, work, root} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return "", err
		}
	}
	options := "lowerdir=" + l.Image + ",upperdir=" + upper + ",workdir=" + work
	if l.OneUser {
		options += ",userxattr"
	}
	if err := unix.Mount("overlay", root, "overlay", 0, options); err != nil {
		return "", fmt.Errorf("mounting the image (does the kernel have the module overlay?): %w", err)
	}
	if err := mountSystem(root); err != nil {
		return "", err
	}
	for _, m := range l.Mounts {
		if err := m.bind(root); err != nil {
			return "", fmt.Errorf("mounting %s: %w", m.Target, err)
		}
	}
	if l.ReadOnlyRoot {
		if err := unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			return "", fmt.Errorf("making the root read-only: %w", err)
		}
	}
	return root, nil
}

// mountSystem mounts /proc, and a /dev with what every runtime puts there.
func mountSystem(root string) error {
	for _, m := range []struct{ kind, target, options string }{{"proc", "proc", ""}, {"tmpfs", "dev", "mode=755"}, {"tmpfs", "dev/shm", "mode=1777"}} {
		target := filepath.Join(root, m.target)
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, target, m.kind, unix.MS_NOSUID, m.options); err != nil {
			return fmt.Errorf("mounting /%s: %w", m.target, err)
		}
	}
	for _, device := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := (mount{Source: "/dev/" + device, Target: "/dev/" + device}).bind(root); err != nil {
			return fmt.Errorf("mounting /dev/%s: %w", device, err)
		}
	}
	for target, link := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(link, filepath.Join(root, "dev", target)); err != nil {
			return err
		}
	}
	return nil
}

// bind makes the mount, and the file or folder to mount on.
func (m mount) bind(root string) error {
	target := filepath.Join(root, filepath.Join("/", m.Target))
	info, err := os.Stat(m.Source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		var f *os.File
		if f, err = os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(m.Source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if !m.ReadOnly {
		return nil
	}
	return unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
}

// enterRoot leaves nothing of the machine's file systems to be seen.
func enterRoot(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the machine's root: %w", err)
	}
	return unix.Chdir("/")
}
