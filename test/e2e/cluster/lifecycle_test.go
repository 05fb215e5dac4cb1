//go:build e2e

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const probedPod = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: web
    image: registry.example/workload:1
    ports: [{name: http, containerPort: 8080}]
    startupProbe: {tcpSocket: {port: http}, periodSeconds: 1}
    readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1, failureThreshold: 1}
    livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1, failureThreshold: 3}
`

// A container that is not alive is not ready, then started again, and ready again.
func TestLivenessRestarts(t *testing.T) {
	apply(t, "liveness", probedPod)
	ip := waitReady(t, "liveness", "web")
	if _, err := get(t.Context(), "http://"+ip+":8080/sicken"); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "wait", "-n", "liveness", "pod/web", "--for=condition=Ready=false", "--timeout=10s")
	kubectl(t, "wait", "-n", "liveness", "pod/web", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "--timeout=20s")
	waitReady(t, "liveness", "web")
	if logs := shared.Logs("liveness", "web"); !strings.Contains(logs, "asked to end") {
		t.Errorf("it was not asked to end: %s", logs)
	}
	if last := kubectl(t, "logs", "-n", "liveness", "web", "--previous", "--tail=2"); !strings.Contains(last, "asked to end") {
		t.Errorf("kubectl logs --previous: %q", last)
	}
}

// endingPod serves on for a while after it was asked to end, and has a hook before that.
func endingPod(linger string, grace int) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: %d
  containers:
  - name: web
    image: registry.example/workload:1
    args: ["-linger=%s"]
    lifecycle: {preStop: {exec: {command: [/workload, -touch=/proc/1/fd/1]}}}
`, grace, linger)
}

// A pod that is deleted runs its hook, is asked, and may take its grace period.
func TestDeletedPodMayEnd(t *testing.T) {
	apply(t, "ending", endingPod("1s", 20))
	waitReady(t, "ending", "web")
	begun := time.Now()
	kubectl(t, "delete", "-n", "ending", "pod", "web", "--timeout=15s")
	if took := time.Since(begun); took < time.Second || took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	logs := shared.Logs("ending", "web")
	for _, want := range []string{"touched", "asked to end", "ending"} {
		if !strings.Contains(logs, want) {
			t.Errorf("no %q in the log: %s", want, logs)
		}
	}
}

// A pod that does not end is killed when its grace period is over.
func TestPodIsKilledAfterGrace(t *testing.T) {
	apply(t, "killing", endingPod("60s", 2))
	waitReady(t, "killing", "web")
	begun := time.Now()
	kubectl(t, "delete", "-n", "killing", "pod", "web", "--timeout=15s")
	if took := time.Since(begun); took < 2*time.Second || took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if logs := shared.Logs("killing", "web"); !strings.Contains(logs, "asked to end") || strings.Contains(logs, "\nending") {
		t.Errorf("log: %s", logs)
	}
}

// A job runs to its end, a failing container is started again until the policy says no, and CronJobs make jobs.
func TestJobsRun(t *testing.T) {
	apply(t, "jobs", `
apiVersion: batch/v1
kind: Job
metadata: {name: good}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: say, image: "registry.example/workload:1", args: ["-print=done"]}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: bad}
spec: {backoffLimit: 1, template: {spec: {restartPolicy: Never, containers: [{name: fail, image: "registry.example/workload:1", args: ["-exit=3"]}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: often}
spec: {schedule: "* * * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: say, image: "registry.example/workload:1", args: ["-print=cron"]}]}}}}}
`)
	kubectl(t, "create", "-n", "jobs", "job", "now", "--from=cronjob/often")
	kubectl(t, "wait", "-n", "jobs", "job/good", "job/now", "--for=condition=Complete", "--timeout=30s")
	kubectl(t, "wait", "-n", "jobs", "job/bad", "--for=condition=Failed", "--timeout=60s")
	if out := kubectl(t, "logs", "-n", "jobs", "job/good"); out != "done\n" {
		t.Errorf("log of the job: %q", out)
	}
	eventually(t, 5*time.Second, func(ctx context.Context) error {
		codes, err := shared.Kubectl(ctx, "get", "-n", "jobs", "pods", "-l=job-name=bad", "-o=jsonpath={.items[*].status.containerStatuses[0].state.terminated.exitCode} {.items[*].status.phase}")
		if err == nil && codes != "3 3 Failed Failed" {
			err = errors.New(codes)
		}
		return err
	})
}
