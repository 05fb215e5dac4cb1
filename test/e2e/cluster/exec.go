//go:build e2e

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// hook runs a container's hook.
func (c *container) hook(ctx context.Context, r *running, h *corev1.LifecycleHandler) error {
	switch {
	case h.Exec != nil:
		return c.exec(ctx, r, h.Exec.Command, io.Discard)
	case h.HTTPGet != nil:
		return c.get(ctx, h.HTTPGet)
	case h.Sleep != nil:
		select {
		case <-ctx.Done():
		case <-r.done:
		case <-time.After(time.Duration(h.Sleep.Seconds) * time.Second):
		}
		return nil
	}
	return errors.New("only exec, httpGet and sleep are supported")
}

// Exec runs a command in a container that runs, as its user, and returns what it wrote. The first container is meant where
// the name is "".
func (c *Cluster) Exec(ctx context.Context, namespace, pod, container string, command ...string) (string, error) {
	found := c.agent.container(namespace, pod, container)
	if found == nil {
		return "", fmt.Errorf("pod %s/%s with container %q is not on a node", namespace, pod, container)
	}
	r := found.process()
	if r == nil {
		return "", fmt.Errorf("container %s does not run", found.title())
	}
	var out strings.Builder
	err := found.exec(ctx, r, command, &out)
	return out.String(), err
}

// exec runs a command in the namespaces of the container's process, but for that of processes. Its errors hold what the
// command wrote.
func (c *container) exec(ctx context.Context, r *running, args []string, out io.Writer) error {
	l := *r.launch
	l.Args = args
	spec, err := l.file()
	if err != nil {
		return err
	}
	defer spec.Close()
	command := exec.CommandContext(ctx, "/proc/self/exe", roleExec)
	command.Env = []string{}
	command.ExtraFiles = []*os.File{spec}
	for _, kind := range namespacesToEnter() {
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", r.command.Process.Pid, kind))
		if err != nil {
			return fmt.Errorf("the container has ended: %w", err)
		}
		defer f.Close()
		command.ExtraFiles = append(command.ExtraFiles, f)
	}
	var said strings.Builder
	command.Stdout, command.Stderr = io.MultiWriter(out, &said), io.MultiWriter(out, &said)
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return nil
}

// namespacesToEnter are in the order of entering: that of mounts, after which /proc is another, is the last.
func namespacesToEnter() []string { return []string{"net", "uts", "ipc", "mnt"} }

// execMain enters a container and becomes a command there.
func execMain() int {
	fmt.Fprintln(os.Stderr, enterContainer())
	return 126
}

func enterContainer() error {
	runtime.LockOSThread()
	var l launch
	spec := os.NewFile(fdLaunch, "launch")
	if err := json.NewDecoder(spec).Decode(&l); err != nil {
		return err
	}
	spec.Close()
	// A thread that shares its root with others may not change its mounts.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	for i, kind := range namespacesToEnter() {
		if err := unix.Setns(fdLaunch+1+i, 0); err != nil {
			return fmt.Errorf("entering the container's %s namespace: %w", kind, err)
		}
		_ = unix.Close(fdLaunch + 1 + i)
	}
	return l.becomeProgram()
}
