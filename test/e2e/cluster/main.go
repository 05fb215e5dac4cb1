//go:build e2e

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The first argument of the test binary where it is started to become something else.
const (
	roleContainer = "cluster-container" // becomes a container's process
	roleExec      = "cluster-exec"      // runs a command in a container
)

// dirVariable names the run folder for the test binary inside the namespaces. Its presence says that it is inside.
const dirVariable = "E2E_CLUSTER_DIR"

// Tests are what [Main] runs: a *testing.M, or what starts clusters around one.
type Tests interface {
	Run() (code int)
}

// Main runs the tests in namespaces of their own and returns the exit code: TestMain is os.Exit(cluster.Main(m)).
// What prepare does happens before, outside, where the network of the machine is: building, say. It gets the run folder,
// which the tests know as [Dir], and which is removed at the end; after a failure its folder "logs" stays.
func Main(m Tests, prepare ...func(dir string) error) int {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case roleContainer:
			return containerMain()
		case roleExec:
			return execMain()
		}
	}
	if Dir() != "" {
		if err := setUpInside(); err != nil {
			fmt.Fprintln(os.Stderr, "cluster:", err)
			return 2
		}
		return m.Run()
	}
	code, err := runInside(prepare)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		return 2
	}
	return code
}

// Dir is the run folder of the tests that [Main] runs.
func Dir() string { return os.Getenv(dirVariable) }

// runInside starts this binary again in new namespaces, and waits for it.
func runInside(prepare []func(dir string) error) (code int, err error) {
	dir, err := newRunFolder()
	if err != nil {
		return 0, err
	}
	defer func() { clearRunFolder(dir, code != 0 || err != nil) }()
	for _, p := range prepare {
		if err := p(dir); err != nil {
			return 0, err
		}
	}
	// The kernel kills the child when the thread that made it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	outside, err := newGate(dir)
	if err != nil {
		return 0, err
	}
	defer outside.close()
	command, err := startInside(dir, outside.address())
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	go func() {
		for s := range signals {
			_ = command.Process.Signal(s)
		}
	}()
	var exit *exec.ExitError
	if err := command.Wait(); errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode(), nil
	} else if err != nil {
		return 0, fmt.Errorf("the tests ended early: %w", err)
	}
	return 0, nil
}

// startInside needs root, or a kernel that gives everybody user namespaces.
func startInside(dir, address string) (*exec.Cmd, error) {
	var failed error
	for _, user := range []bool{false, true} {
		if !user && os.Geteuid() != 0 {
			continue
		}
		command := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...)
		command.Args[0] = os.Args[0]
		command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
		command.Env = insideEnvironment(dir, address)
		command.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
			Pdeathsig:  syscall.SIGKILL,
		}
		if user {
			command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
		err := command.Start()
		if err == nil {
			return command, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, fmt.Errorf("making namespaces for the cluster: %w; run as root with CAP_SYS_ADMIN, or let users make user namespaces "+
		"(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns, or a container engine's seccomp profile may forbid it)", failed)
}

const runFolderPattern = "e2e-cluster-"

// newRunFolder makes one, holds a lock on it as long as this process lives, and removes those of killed processes.
func newRunFolder() (string, error) {
	old, err := filepath.Glob(filepath.Join(os.TempDir(), runFolderPattern+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if lock(dir) == nil {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp("", runFolderPattern)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		return "", err
	}
	return dir, lock(dir)
}

// lock fails where another process holds it. The folder's descriptor stays open, which holds the lock.
func lock(dir string) error {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("locking %s: %w", dir, err)
	}
	return nil
}

func clearRunFolder(dir string, keepLogs bool) {
	if !keepLogs {
		_ = os.RemoveAll(dir)
		return
	}
	kept := filepath.Join(os.TempDir(), "e2e-logs-"+strings.TrimSuffix(filepath.Base(os.Args[0]), ".test"))
	_ = os.RemoveAll(kept)
	if err := os.Rename(filepath.Join(dir, "logs"), kept); err == nil {
		fmt.Fprintln(os.Stderr, "cluster: the logs of everything that ran are in", kept)
	}
	_ = os.RemoveAll(dir)
}
