//go:build e2e

package cluster

import (
	"context"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// nodeNames are those of the nodes, each with the address of nodeIPs at the same place.
func nodeNames() []string { return []string{"node-1", "node-2"} }

func nodeIPs() []string { return []string{"10.244.0.11", "10.244.0.12"} }

// nodeIP is the address of the node of this name.
func nodeIP(name string) string {
	for i, n := range nodeNames() {
		if n == name {
			return nodeIPs()[i]
		}
	}
	return ""
}

func (a *agent) makeNodes(ctx context.Context) error {
	for i, name := range nodeNames() {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelOSStable: runtime.GOOS, corev1.LabelArchStable: runtime.GOARCH,
			corev1.LabelTopologyZone: "zone-" + name, corev1.LabelTopologyRegion: "e2e",
		}}}
		if err := a.api.Create(ctx, node); err != nil {
			return err
		}
		// The API server says that a new node is not ready. The node lifecycle controller would take it back.
		node.Spec.Taints = nil
		if err := a.api.Update(ctx, node); err != nil {
			return err
		}
		node.Status = nodeStatus(nodeIPs()[i], name)
		if err := a.api.Status().Update(ctx, node); err != nil {
			return err
		}
	}
	return nil
}

func nodeStatus(ip, name string) corev1.NodeStatus {
	resources := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("200"),
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
	}
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: "Agent", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()}
	}
	return corev1.NodeStatus{
		Capacity: resources, Allocatable: resources,
		Conditions: []corev1.NodeCondition{
			condition(corev1.NodeReady, corev1.ConditionTrue), condition(corev1.NodeMemoryPressure, corev1.ConditionFalse),
			condition(corev1.NodeDiskPressure, corev1.ConditionFalse), condition(corev1.NodePIDPressure, corev1.ConditionFalse),
		},
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: ip}, {Type: corev1.NodeHostName, Address: name}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: kubeletPort}},
		NodeInfo:        corev1.NodeSystemInfo{KubeletVersion: "v0.0.0-e2e", OperatingSystem: runtime.GOOS, Architecture: runtime.GOARCH},
	}
}

// scheduler gives pods nodes.
type scheduler struct {
	api   client.Client
	known cache.Cache
	wake  chan struct{}
}

func (s *scheduler) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run looks whenever a pod without a node appears, and twice a second for those that no node took.
func (s *scheduler) run(life context.Context) {
	bound := map[types.UID]string{} // what the cache may not know yet
	for {
		s.pass(life, bound)
		select {
		case <-life.Done():
			return
		case <-s.wake:
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (s *scheduler) pass(ctx context.Context, bound map[types.UID]string) {
	var pods corev1.PodList
	var nodes corev1.NodeList
	if s.known.List(ctx, &pods) != nil || s.known.List(ctx, &nodes) != nil {
		return
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		if _, done := bound[p.UID]; done || p.Spec.NodeName != "" || p.DeletionTimestamp != nil || len(p.Spec.SchedulingGates) > 0 {
			continue
		}
		node := chooseNode(p, nodes.Items, pods.Items, bound)
		if node == "" {
			s.unschedulable(ctx, p)
			continue
		}
		binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, UID: p.UID}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
		if err := s.api.SubResource("binding").Create(ctx, p, binding); err == nil {
			bound[p.UID] = node
		}
	}
}

// chooseNode is the node with the fewest pods of the same owner, then with the fewest pods; "" where none takes the pod.
func chooseNode(p *corev1.Pod, nodes []corev1.Node, pods []corev1.Pod, bound map[types.UID]string) string {
	best, fewest := "", [2]int{}
	for _, node := range nodes {
		if node.Spec.Unschedulable || !labels.SelectorFromSet(p.Spec.NodeSelector).Matches(labels.Set(node.Labels)) {
			continue
		}
		var count [2]int
		for i := range pods {
			other := &pods[i]
			if isOver(other) || other.DeletionTimestamp != nil || other.Spec.NodeName != node.Name && bound[other.UID] != node.Name {
				continue
			}
			count[1]++
			if owner := metav1.GetControllerOf(p); owner != nil && metav1.IsControlledBy(other, &metav1.ObjectMeta{UID: owner.UID}) {
				count[0]++
			}
		}
		if best == "" || count[0] < fewest[0] || count[0] == fewest[0] && count[1] < fewest[1] {
			best, fewest = node.Name, count
		}
	}
	return best
}

func (s *scheduler) unschedulable(ctx context.Context, p *corev1.Pod) {
	if c := findCondition(p.Status.Conditions, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse {
		return
	}
	changed := p.DeepCopy()
	setCondition(&changed.Status.Conditions, corev1.PodScheduled, false, corev1.PodReasonUnschedulable, "no node takes it: look for cordoned nodes and the node selector")
	_ = s.api.Status().Patch(ctx, changed, client.MergeFrom(p)) // tried again at the next pass
}
