//go:build e2e

package cluster

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// statusWriter keeps the status of a pod in the API equal to what is.
type statusWriter struct {
	pod     *pod
	written *corev1.Pod // as the API had it after the last write
}

func newStatusWriter(p *pod) *statusWriter {
	return &statusWriter{pod: p, written: p.object()}
}

// run writes whenever something changed, until ctx is done.
func (w *statusWriter) run(ctx context.Context) {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.pod.changed:
		case <-retry.C:
		}
		if err := w.write(ctx); err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			retry.Reset(200 * time.Millisecond)
		}
	}
}

func (w *statusWriter) write(ctx context.Context) error {
	changed := w.written.DeepCopy()
	changed.Status = w.pod.status(w.written.Status)
	if equality.Semantic.DeepEqual(changed.Status, w.written.Status) {
		return nil
	}
	// A strategic merge leaves the conditions of others alone.
	if err := w.pod.agent.api.Status().Patch(ctx, changed, client.StrategicMergeFrom(w.written)); err != nil {
		return err
	}
	w.written = changed
	return nil
}

// status is what the pod's status should be, from what it was and what is.
func (p *pod) status(was corev1.PodStatus) corev1.PodStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := *was.DeepCopy()
	s.ObservedGeneration = p.latest.Generation
	s.HostIP = nodeIP(p.latest.Spec.NodeName)
	s.HostIPs = []corev1.HostIP{{IP: s.HostIP}}
	if p.ip != "" {
		s.PodIP, s.PodIPs = p.ip, []corev1.PodIP{{IP: p.ip}}
	}
	if s.StartTime == nil {
		now := metav1.Now()
		s.StartTime = &now
	}
	s.QOSClass = was.QOSClass
	s.InitContainerStatuses, s.ContainerStatuses = p.statuses(p.inits), p.statuses(p.mains)
	s.Phase = p.phase()
	ready := p.initialized && !isOverPhase(s.Phase)
	for _, c := range p.mains {
		ready = ready && c.status.Ready
	}
	setCondition(&s.Conditions, corev1.PodScheduled, true, "", "")
	setCondition(&s.Conditions, corev1.PodReadyToStartContainers, p.ip != "", "", "")
	setCondition(&s.Conditions, corev1.PodInitialized, p.initialized, "ContainersNotInitialized", "")
	setCondition(&s.Conditions, corev1.ContainersReady, ready, "ContainersNotReady", p.problem)
	for _, gate := range p.latest.Spec.ReadinessGates {
		c := findCondition(p.latest.Status.Conditions, gate.ConditionType)
		ready = ready && c != nil && c.Status == corev1.ConditionTrue
	}
	setCondition(&s.Conditions, corev1.PodReady, ready, "ContainersNotReady", p.problem)
	return s
}

// statuses needs the pod's lock.
func (p *pod) statuses(containers []*container) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for _, c := range containers {
		s := *c.status.DeepCopy()
		if w := s.State.Waiting; w != nil && w.Reason == "PodInitializing" && (p.problem != "" || len(p.inits) == 0) {
			w.Reason, w.Message = "ContainerCreating", p.problem
		}
		all = append(all, s)
	}
	return all
}

// phase needs the pod's lock.
func (p *pod) phase() corev1.PodPhase {
	policy := p.latest.Spec.RestartPolicy
	ending := isClosed(p.stopping)
	for _, c := range p.inits {
		if t := c.status.State.Terminated; t != nil && t.ExitCode != 0 && policy == corev1.RestartPolicyNever && !c.isSidecar() {
			return corev1.PodFailed
		}
	}
	begun, over, failed := false, true, false
	for _, c := range p.mains {
		t := c.status.State.Terminated
		begun = begun || c.status.State.Running != nil || t != nil || c.status.LastTerminationState.Terminated != nil
		restarts := policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && t != nil && t.ExitCode != 0
		over = over && t != nil && (ending || !restarts)
		failed = failed || t != nil && t.ExitCode != 0
	}
	switch {
	case !begun:
		return corev1.PodPending
	case !over:
		return corev1.PodRunning
	case failed:
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

// isOver is true for a pod whose containers have ended for good.
func isOver(p *corev1.Pod) bool { return isOverPhase(p.Status.Phase) }

func isOverPhase(phase corev1.PodPhase) bool {
	return phase == corev1.PodSucceeded || phase == corev1.PodFailed
}

func findCondition(all []corev1.PodCondition, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range all {
		if all[i].Type == kind {
			return &all[i]
		}
	}
	return nil
}

// setCondition keeps the time of the last transition where there is none. Reason and message are those of false.
func setCondition(all *[]corev1.PodCondition, kind corev1.PodConditionType, is bool, reason, message string) {
	c := findCondition(*all, kind)
	if c == nil {
		*all = append(*all, corev1.PodCondition{Type: kind})
		c = &(*all)[len(*all)-1]
	}
	status := corev1.ConditionFalse
	if is {
		status, reason, message = corev1.ConditionTrue, "", ""
	}
	if c.Status != status {
		c.LastTransitionTime = metav1.Now()
	}
	c.Status, c.Reason, c.Message = status, reason, message
}
