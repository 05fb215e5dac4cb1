//go:build e2e

package cluster

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// meter knows what containers have used.
type meter struct {
	agent *agent

	mu   sync.Mutex
	last map[string]sample // by container and its process
}

// sample is the CPU time that a container had used at a moment, and what it used of a CPU before that.
type sample struct {
	at     time.Time
	used   time.Duration
	window time.Duration // 0: its use is not known yet
	cores  float64
}

// window is the shortest time over which use is measured: the kernel counts in hundredths of a second.
const window = 2 * time.Second

// measure returns a container's latest sample, and takes one where the last is old enough.
func (m *meter) measure(key string, pid int) (sample, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, known := m.last[key]
	if known && time.Since(last.at) < window {
		return last, nil
	}
	used, err := cpuTime(pid)
	if err != nil {
		return sample{}, err
	}
	now := sample{at: time.Now(), used: used}
	if known {
		now.window = now.at.Sub(last.at)
		now.cores = float64(used-last.used) / float64(now.window)
	}
	m.last[key] = now
	return now, nil
}

// tick is the unit of times in /proc, on all of Linux' architectures that there are.
const tick = 10 * time.Millisecond

// cpuTime is what a process, and those of its children that ended, had of the CPU: fields 14 to 17 of proc_pid_stat(5).
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // from the third on
	if len(fields) < 15 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// list answers with the PodMetrics of a namespace, or of all, by label.
func (m *meter) list(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.FormValue("labelSelector"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	items := []any{}
	for _, p := range m.agent.running() {
		object, namespace := p.object(), r.PathValue("namespace")
		if namespace != "" && namespace != object.Namespace || object.DeletionTimestamp != nil || !selector.Matches(labels.Set(object.Labels)) {
			continue
		}
		if metrics, ok := m.metrics(p); ok {
			items = append(items, metrics)
		}
	}
	answer(w, map[string]any{"kind": "PodMetricsList", "apiVersion": metricsGroup, "metadata": map[string]any{}, "items": items})
}

// metrics are a pod's; there are none before each of its containers was looked at twice.
func (m *meter) metrics(p *pod) (metrics map[string]any, ok bool) {
	object, containers, oldest := p.object(), []any{}, sample{}
	for _, c := range p.mains {
		process := c.process()
		if process == nil {
			return nil, false
		}
		pid := process.command.Process.Pid
		now, err := m.measure(fmt.Sprintf("%s/%s/%d", object.UID, c.spec.Name, pid), pid)
		if err != nil || now.window == 0 {
			return nil, false
		}
		if oldest.at.IsZero() || now.at.Before(oldest.at) {
			oldest = now
		}
		usage := map[string]string{"cpu": fmt.Sprintf("%dn", int64(now.cores*1e9))}
		containers = append(containers, map[string]any{"name": c.spec.Name, "usage": usage})
	}
	return map[string]any{
		"metadata":  map[string]any{"name": object.Name, "namespace": object.Namespace, "labels": object.Labels},
		"timestamp": oldest.at.UTC().Format(time.RFC3339), "window": oldest.window.String(), "containers": containers,
	}, true
}

// running are the pods that the agent runs.
func (a *agent) running() []*pod {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*pod
	for _, p := range a.pods {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pod) int { return a.number - b.number })
	return all
}
