//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// agent is the scheduler and the kubelets of all nodes.
type agent struct {
	c      *Cluster
	api    client.Client // asks the API server
	known  cache.Cache   // what the API server said last
	images *images
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu       sync.Mutex
	pods     map[types.UID]*pod
	number   int // of pods so far
	stopping bool
}

func (c *Cluster) startAgent(ctx context.Context) error {
	log.SetLogger(logr.Discard()) // what matters is in errors
	known, err := cache.New(c.config, cache.Options{})
	if err != nil {
		return err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	folders := map[string]string{}
	for reference, folder := range c.options.Images {
		folders[reference] = folder
	}
	a := &agent{
		c: c, api: c.api, known: known, cancel: cancel, pods: map[types.UID]*pod{},
		images: &images{dir: filepath.Join(c.dir, "images"), folders: folders, unpacked: map[string]*image{}},
	}
	c.agent = a
	if err := os.MkdirAll(c.podLogs(), 0o755); err != nil {
		return err
	}
	if err := a.makeNodes(ctx); err != nil {
		return fmt.Errorf("making nodes: %w", err)
	}
	a.ended.Go(func() {
		if err := known.Start(life); err != nil {
			c.say("watching the API: %v", err)
		}
	})
	for _, object := range []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.Node{}, &discoveryv1.EndpointSlice{}} {
		if _, err := known.GetInformer(ctx, object); err != nil {
			return err
		}
	}
	informer, err := known.GetInformer(ctx, &corev1.Pod{})
	if err != nil {
		return err
	}
	scheduler := &scheduler{api: c.api, known: known, wake: make(chan struct{}, 1)}
	if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { a.podChanged(life, scheduler, o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { a.podChanged(life, scheduler, o.(*corev1.Pod)) },
		DeleteFunc: func(o any) { a.podDeleted(o) },
	}); err != nil {
		return err
	}
	a.ended.Go(func() { scheduler.run(life) })
	if !known.WaitForCacheSync(ctx) {
		return fmt.Errorf("reading the API's objects: %w", context.Cause(ctx))
	}
	return nil
}

// podChanged hands the pod to the goroutine that runs it, and starts that for a pod that is new on its node.
func (a *agent) podChanged(life context.Context, s *scheduler, object *corev1.Pod) {
	if object.Spec.NodeName == "" {
		s.poke()
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if running := a.pods[object.UID]; running != nil {
		running.update(object)
		return
	}
	if a.stopping || isOver(object) || hasEnded(object) {
		return
	}
	a.number++
	started := newPod(a, object, a.number)
	a.pods[object.UID] = started
	a.ended.Go(func() {
		started.run(life)
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.pods, object.UID)
	})
}

// hasEnded is true for a pod that the agent has given back to the API, and that is there until its finalizers are gone.
func hasEnded(object *corev1.Pod) bool {
	return object.DeletionTimestamp != nil && object.DeletionGracePeriodSeconds != nil && *object.DeletionGracePeriodSeconds == 0
}

// podDeleted ends the processes of a pod that is gone from the API.
func (a *agent) podDeleted(o any) {
	if lost, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = lost.Obj
	}
	object, ok := o.(*corev1.Pod)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if running := a.pods[object.UID]; running != nil {
		running.gone()
	}
}

// podIP is the address of the pod of this number: 10.244.1.1, 10.244.1.2, and so on.
func podIP(number int) netip.Addr {
	number %= 60000
	return netip.AddrFrom4([4]byte{10, 244, byte(1 + number/256), byte(number % 256)})
}

// stop kills all pods and waits for that.
func (a *agent) stop() {
	a.mu.Lock()
	a.stopping = true
	for _, p := range a.pods {
		p.gone()
	}
	a.mu.Unlock()
	deadline := time.After(10 * time.Second)
	for {
		a.mu.Lock()
		left := len(a.pods)
		a.mu.Unlock()
		if left == 0 {
			break
		}
		select {
		case <-deadline:
			a.c.say("%d pods did not end", left)
			a.cancel()
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	a.cancel()
	a.ended.Wait()
	_ = os.RemoveAll(filepath.Join(a.c.dir, "pods"))
}

// container finds that of a pod on a node, the first of its containers where the name is "", or nil.
func (a *agent) container(namespace, podName, name string) *container {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.pods {
		if object := p.object(); object.Namespace != namespace || object.Name != podName {
			continue
		}
		for _, c := range slices.Concat(p.mains, p.inits) {
			if name == "" || c.spec.Name == name {
				return c
			}
		}
	}
	return nil
}
