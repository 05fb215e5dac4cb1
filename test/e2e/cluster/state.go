//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// runs notes that the container's program has begun.
func (c *container) runs(r *running) {
	c.change(func() {
		c.active = r
		c.status.ImageID = r.image.id
		c.status.ContainerID = fmt.Sprintf("e2e://%d", r.command.Process.Pid)
		c.status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(r.began)}}
		c.status.Ready = c.spec.ReadinessProbe == nil && c.spec.StartupProbe == nil
		started := c.spec.StartupProbe == nil
		c.status.Started = &started
	})
}

// waits notes why the container does not run.
func (c *container) waits(reason, message string) {
	c.change(func() {
		if w := c.status.State.Waiting; w == nil || w.Message != message {
			c.pod.agent.c.say("container %s/%s/%s waits: %s: %s", c.pod.latest.Namespace, c.pod.latest.Name, c.spec.Name, reason, message)
		}
		c.status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	})
}

// ended notes how the container's program ended and returns its exit code: 128 and the signal's number for a signal.
func (c *container) ended(r *running) int32 {
	state := r.command.ProcessState
	t := &corev1.ContainerStateTerminated{
		ExitCode: int32(state.ExitCode()), Reason: "Completed",
		StartedAt: metav1.NewTime(r.began), FinishedAt: metav1.Now(), ContainerID: c.status.ContainerID,
	}
	if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		t.Signal, t.ExitCode = int32(wait.Signal()), 128+int32(wait.Signal())
	}
	if t.ExitCode != 0 {
		t.Reason = "Error"
	}
	if message, err := os.ReadFile(r.message); err == nil {
		t.Message = string(message[:min(len(message), 4096)])
	}
	c.change(func() {
		no := false
		c.active, c.status.Ready, c.status.Started = nil, false, &no
		c.status.State = corev1.ContainerState{Terminated: t}
		if c.isInit() && t.ExitCode == 0 {
			c.status.Ready = true
		}
	})
	return t.ExitCode
}

// isInit is true for an init container that is no sidecar.
func (c *container) isInit() bool {
	for _, i := range c.pod.inits {
		if i == c {
			return !c.isSidecar()
		}
	}
	return false
}

// backOff notes that the container will be started again.
func (c *container) backOff(delay time.Duration) {
	c.change(func() {
		c.status.RestartCount++
		c.status.LastTerminationState = c.status.State
		c.status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason: "CrashLoopBackOff", Message: "starting again in " + delay.String(),
		}}
	})
}

// change changes the status under the pod's lock, and has it written.
func (c *container) change(do func()) {
	c.pod.mu.Lock()
	do()
	c.pod.mu.Unlock()
	c.pod.touch()
}

func (c *container) exitCode() (code int32, ended bool) {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	if t := c.status.State.Terminated; t != nil {
		return t.ExitCode, true
	}
	return 0, false
}

// waitStarted waits until a sidecar has started, and is false where the pod is to end before that.
func (c *container) waitStarted(ctx context.Context) bool {
	for {
		c.pod.mu.Lock()
		started := *c.status.Started
		c.pod.mu.Unlock()
		if started {
			return true
		}
		select {
		case <-c.pod.stopping:
			return false
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// process is what runs now; nil where nothing does.
func (c *container) process() *running {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	return c.active
}

func (c *container) logFile(attempt int32) string {
	object := c.pod.object()
	return filepath.Join(c.pod.agent.c.podLogs(), fmt.Sprintf("%s_%s_%s.%d.log", object.Namespace, object.Name, c.spec.Name, attempt))
}

func (c *Cluster) podLogs() string { return filepath.Join(c.logs(), "pods") }

// Logs is what all containers of the pod wrote since the cluster started, restarts included. The pod may be gone. A name
// that ends in "*" stands for all pods whose names begin so, such as those of a Deployment.
func (c *Cluster) Logs(namespace, pod string) string {
	pattern := namespace + "_" + pod + "_*"
	if prefix, ok := strings.CutSuffix(pod, "*"); ok {
		pattern = namespace + "_" + prefix + "*"
	}
	files, err := filepath.Glob(filepath.Join(c.podLogs(), pattern+".log"))
	if err != nil {
		return err.Error()
	}
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err.Error()
		}
		fmt.Fprintf(&all, "== %s\n%s", filepath.Base(file), data)
	}
	return all.String()
}
