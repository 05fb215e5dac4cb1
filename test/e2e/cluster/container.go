//go:build e2e

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// container is one of a pod. The pod's lock guards its status.
type container struct {
	pod    *pod
	spec   *corev1.Container
	status corev1.ContainerStatus
	active *running // what runs now
}

func newContainer(p *pod, spec *corev1.Container) *container {
	no := false
	return &container{pod: p, spec: spec, status: corev1.ContainerStatus{
		Name: spec.Name, Image: spec.Image, Started: &no,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}},
	}}
}

func (c *container) isSidecar() bool {
	return c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func (c *container) title() string {
	object := c.pod.object()
	return object.Namespace + "/" + object.Name + "/" + c.spec.Name
}

// running is a container's process.
type running struct {
	command *exec.Cmd
	launch  *launch
	image   *image
	began   time.Time
	message string        // the file for its termination message
	done    chan struct{} // closed when it ended
}

func (r *running) signal(s syscall.Signal) { _ = r.command.Process.Signal(s) }
func (r *running) kill()                   { _ = r.command.Process.Kill() }

// start starts the process. The reason is that of the waiting container where it cannot.
func (c *container) start(ctx context.Context) (r *running, reason string, err error) {
	image, err := c.pod.agent.images.get(c.spec.Image)
	if err != nil {
		return nil, "ErrImagePull", err
	}
	r = &running{image: image, done: make(chan struct{})}
	if r.launch, err = c.newLaunch(ctx, image); err != nil {
		return nil, "CreateContainerConfigError", err
	}
	attempt := c.attempt()
	r.message = filepath.Join(c.pod.dir, fmt.Sprintf("message-%s-%d", c.spec.Name, attempt))
	if err := os.WriteFile(r.message, nil, 0o666); err != nil {
		return nil, "RunContainerError", err
	}
	_ = os.Chmod(r.message, 0o666)
	r.launch.Mounts = append(r.launch.Mounts, mount{Source: r.message, Target: c.spec.TerminationMessagePath})
	log, err := os.OpenFile(c.logFile(attempt), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, "RunContainerError", err
	}
	if err := r.start(c.pod, log); err != nil {
		return nil, "RunContainerError", err
	}
	return r, "", nil
}

// start starts this binary again in namespaces of its own, and returns when it has become the container's program. It closes
// the log.
func (r *running) start(p *pod, log *os.File) error {
	out, written, err := r.output(log)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	defer out.Close()
	spec, err := r.launch.file()
	if err != nil {
		return err
	}
	defer spec.Close()
	said, say, err := os.Pipe()
	if err != nil {
		return err
	}
	defer said.Close()
	defer say.Close()
	r.command = exec.CommandContext(context.Background(), "/proc/self/exe", roleContainer)
	r.command.Stdout, r.command.Stderr = out, out
	r.command.Env = []string{}
	r.command.ExtraFiles = []*os.File{spec, say}
	if p.network != nil {
		namespace, err := p.network.file()
		if err != nil {
			return err
		}
		defer namespace.Close()
		r.command.ExtraFiles = append(r.command.ExtraFiles, namespace)
	}
	r.command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Setsid:     true,
	}
	r.began = time.Now()
	if err := r.command.Start(); err != nil {
		return err
	}
	go func() {
		_ = r.command.Wait()
		select { // a hook may hold it open
		case <-written:
		case <-time.After(time.Second):
		}
		close(r.done)
	}()
	_ = say.Close()
	problem, err := io.ReadAll(said) // the kernel closes the other end when the program begins
	if err == nil && len(problem) > 0 {
		err = errors.New(strings.TrimSpace(string(problem)))
	}
	return err
}

func (c *container) attempt() int32 {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	return c.status.RestartCount
}

func (c *container) stopSignal(r *running) syscall.Signal {
	name := r.image.config.StopSignal
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.StopSignal != nil {
		name = string(*c.spec.Lifecycle.StopSignal)
	}
	if number := unix.SignalNum(name); number != 0 {
		return number
	}
	return syscall.SIGTERM
}
