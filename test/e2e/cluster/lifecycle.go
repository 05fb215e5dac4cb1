//go:build e2e

package cluster

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// runContainers runs the init containers, then the others, and returns when all have ended.
func (p *pod) runContainers(ctx context.Context) {
	stopSidecars := make(chan struct{})
	var sidecars sync.WaitGroup
	defer sidecars.Wait()
	defer close(stopSidecars)
	policy := p.object().Spec.RestartPolicy
	for _, c := range p.inits {
		if c.isSidecar() {
			sidecars.Go(func() { c.loop(ctx, stopSidecars, func(int32) bool { return true }) })
			if !c.waitStarted(ctx) {
				return
			}
			continue
		}
		c.loop(ctx, p.stopping, func(code int32) bool { return code != 0 && policy != corev1.RestartPolicyNever })
		if code, ended := c.exitCode(); !ended || code != 0 {
			return // stopped, or failed for good
		}
	}
	p.mu.Lock()
	p.initialized = true
	p.mu.Unlock()
	p.touch()
	var mains sync.WaitGroup
	for _, c := range p.mains {
		mains.Go(func() {
			c.loop(ctx, p.stopping, func(code int32) bool {
				return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && code != 0
			})
		})
	}
	mains.Wait()
}

// loop runs the container again and again, until it is to stop or restart says no.
func (c *container) loop(ctx context.Context, stop <-chan struct{}, restart func(code int32) bool) {
	first := c.pod.agent.c.options.RestartDelay
	for delay := first; ; delay = min(2*delay, 8*first) {
		code, ran := c.once(ctx, stop)
		if !ran || isClosed(stop) || ctx.Err() != nil || !restart(code) {
			return
		}
		c.backOff(delay)
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

// once starts the container, waits for its end, and ends it when it is to stop or is not alive. It did not run where it
// was to stop before it could.
func (c *container) once(ctx context.Context, stop <-chan struct{}) (code int32, ran bool) {
	r := c.startUntil(ctx, stop)
	if r == nil {
		return 0, false
	}
	probing, cancel := context.WithCancel(ctx)
	var probes sync.WaitGroup
	unhealthy := make(chan time.Duration, 3)
	c.probe(probing, &probes, r, unhealthy)
	select {
	case <-r.done:
	case <-stop:
		c.terminate(ctx, r, c.pod.grace())
	case grace := <-unhealthy:
		c.terminate(ctx, r, grace)
	case <-ctx.Done():
		r.kill()
		<-r.done
	}
	cancel()
	probes.Wait()
	return c.ended(r), true
}

// startUntil tries until the container runs; nil where it is to stop before that.
func (c *container) startUntil(ctx context.Context, stop <-chan struct{}) *running {
	for {
		if isClosed(stop) || ctx.Err() != nil {
			return nil
		}
		r, reason, err := c.start(ctx)
		if err == nil {
			c.runs(r)
			return r
		}
		c.waits(reason, err.Error())
		select {
		case <-stop:
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// terminate runs preStop, then asks, then kills when the grace is over or there is none left.
func (c *container) terminate(ctx context.Context, r *running, grace time.Duration) {
	over := time.After(grace)
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.PreStop != nil {
		hooking, cancel := context.WithTimeout(ctx, grace)
		hooked := make(chan error, 1)
		go func() { hooked <- c.hook(hooking, r, c.spec.Lifecycle.PreStop) }()
		select {
		case err := <-hooked:
			if err != nil {
				c.pod.agent.c.say("container %s: preStop: %v", c.title(), err)
			}
		case <-r.done:
		case <-c.pod.killed:
		case <-over:
		}
		cancel()
	}
	r.signal(c.stopSignal(r))
	select {
	case <-r.done:
		return
	case <-over:
	case <-c.pod.killed:
	}
	r.kill()
	<-r.done
}

// grace is how long the pod may take to end.
func (p *pod) grace() time.Duration {
	object := p.object()
	seconds := int64(corev1.DefaultTerminationGracePeriodSeconds)
	if object.Spec.TerminationGracePeriodSeconds != nil {
		seconds = *object.Spec.TerminationGracePeriodSeconds
	}
	if object.DeletionGracePeriodSeconds != nil {
		seconds = *object.DeletionGracePeriodSeconds
	}
	return time.Duration(seconds) * time.Second
}
