//go:build e2e

package cluster

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// pod runs one pod, from the moment it has a node until it is gone.
type pod struct {
	agent    *agent
	number   int
	dir      string
	network  *podNet       // nil before it is made, and with hostNetwork
	ip       string        // "" before there is one
	stopping chan struct{} // closed when the pod is to end
	killed   chan struct{} // closed when there is no grace left
	changed  chan struct{} // wakes the writer of its status
	tokens   map[string]token

	mu          sync.Mutex
	latest      *corev1.Pod
	inits       []*container
	mains       []*container
	initialized bool
	problem     string // why its containers do not start yet
}

func newPod(a *agent, object *corev1.Pod, number int) *pod {
	p := &pod{
		agent: a, number: number, latest: object, dir: filepath.Join(a.c.dir, "pods", string(object.UID)),
		stopping: make(chan struct{}), killed: make(chan struct{}), changed: make(chan struct{}, 1), tokens: map[string]token{},
	}
	for i := range object.Spec.InitContainers {
		p.inits = append(p.inits, newContainer(p, &object.Spec.InitContainers[i]))
	}
	for i := range object.Spec.Containers {
		p.mains = append(p.mains, newContainer(p, &object.Spec.Containers[i]))
	}
	p.update(object)
	return p
}

// object is the pod as the API has it.
func (p *pod) object() *corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// update takes note of what the API says now.
func (p *pod) update(object *corev1.Pod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = object
	if object.DeletionTimestamp == nil {
		return
	}
	closeOnce(p.stopping)
	if grace := object.DeletionGracePeriodSeconds; grace != nil && *grace == 0 {
		closeOnce(p.killed)
	}
}

// gone says that the API knows the pod no more.
func (p *pod) gone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	closeOnce(p.stopping)
	closeOnce(p.killed)
}

// closeOnce needs the lock that guards the channel's closing.
func closeOnce(c chan struct{}) {
	if !isClosed(c) {
		close(c)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// touch lets the status be written again.
func (p *pod) touch() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// run does it all, and returns when the pod is gone from the API.
func (p *pod) run(life context.Context) {
	ctx, cancel := context.WithCancel(life)
	var helpers sync.WaitGroup
	writer := newStatusWriter(p)
	helpers.Go(func() { writer.run(ctx) })
	if p.prepare(ctx) {
		helpers.Go(func() { p.refreshVolumes(ctx) })
		p.runContainers(ctx)
	}
	p.touch()
	select {
	case <-p.stopping:
	case <-ctx.Done():
	}
	cancel()
	helpers.Wait()
	if !isClosed(p.killed) || p.object().DeletionTimestamp != nil {
		p.finish(context.WithoutCancel(life), writer)
	}
	if p.network != nil {
		p.network.close()
	}
	_ = os.RemoveAll(p.dir)
}

// finish writes the last status and takes the pod out of the API.
func (p *pod) finish(ctx context.Context, writer *statusWriter) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		_ = writer.write(ctx) // of use only to those who look in this moment
		object := p.object()
		err := p.agent.api.Delete(ctx, object, client.GracePeriodSeconds(0), client.Preconditions{UID: &object.UID})
		if client.IgnoreNotFound(err) == nil {
			return
		}
		p.agent.c.say("pod %s/%s: removing it: %v", object.Namespace, object.Name, err)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// prepare makes the network and the volumes. It tries again as long as something is missing, and is false where the pod
// ended before it had begun.
func (p *pod) prepare(ctx context.Context) bool {
	for {
		err := p.tryPrepare(ctx)
		if err == nil {
			p.report("")
			return !isClosed(p.stopping)
		}
		p.report(err.Error())
		select {
		case <-p.stopping:
			return false
		case <-ctx.Done():
			return false
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (p *pod) tryPrepare(ctx context.Context) error {
	object := p.object()
	if p.ip == "" && object.Spec.HostNetwork {
		p.setIP(nodeIP(object.Spec.NodeName))
	}
	if p.ip == "" {
		network, err := newPodNet(p.number, podIP(p.number))
		if err != nil {
			return err
		}
		p.network = network
		p.setIP(network.ip)
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	if err := p.writeEtc(object); err != nil {
		return err
	}
	return p.writeVolumes(ctx)
}

func (p *pod) setIP(ip string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ip = ip
}

// report notes why the containers do not start yet; "" where they do.
func (p *pod) report(problem string) {
	p.mu.Lock()
	changed := p.problem != problem
	p.problem = problem
	name := p.latest.Namespace + "/" + p.latest.Name
	p.mu.Unlock()
	if changed && problem != "" {
		p.agent.c.say("pod %s waits: %s", name, problem)
	}
	p.touch()
}
