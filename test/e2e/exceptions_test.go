//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// constrain changes the constraint that README.md installs, by flags for helm, until the test ends.
func (w *world) constrain(t *testing.T, flags string) {
	t.Helper()
	w.must(t, w.upgrade(flags))
}

// restore puts the constraint back as README.md makes it, when the test ends.
func (w *world) restore(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		w.must(t, w.upgrade("--set constraints.enforcementAction=deny --set-json 'constraints.exceptions=[]'"))
		w.enforced(t)
	})
}

// An exception admits what is not signed, until its last day is over. Here the date is moved; in policies the clock is.
func TestExceptionAdmitsAndLapses(t *testing.T) {
	w := start(t)
	w.install(t)
	w.restore(t)
	pod := "kubectl run excepted --image=" + registryHost + "/unsigned:1 --dry-run=server"
	exception := `--set-json 'constraints.exceptions=[{"image":"` + registryHost + `/unsigned","reason":"SEC-142: vetted","expires":"%s"}]'`

	w.constrain(t, fmt.Sprintf(exception, time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)))
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, pod)
		return err == nil, out
	})

	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	w.constrain(t, fmt.Sprintf(exception, yesterday))
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, pod)
		return err != nil && strings.Contains(out, yesterday) && strings.Contains(out, "SEC-142"), out
	})
}

// warn admits, and tells the person who applies.
func TestWarnAdmitsWithWarning(t *testing.T) {
	w := start(t)
	w.install(t)
	w.restore(t)
	w.constrain(t, "--set constraints.enforcementAction=warn")
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, "kubectl run warned --image="+registryHost+"/unsigned:1 --dry-run=server")
		return err == nil && strings.Contains(out, "Warning:") && strings.Contains(out, "unsigned"), out
	})
}

// dryrun admits in silence; the audit counts what runs.
func TestDryrunAdmitsAndAuditCounts(t *testing.T) {
	w := start(t)
	w.install(t)
	w.restore(t)
	w.constrain(t, "--set constraints.enforcementAction=dryrun")
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, "kubectl run audited --image="+registryHost+"/unsigned:1")
		return err == nil && !strings.Contains(out, "Warning:"), out
	})
	t.Cleanup(func() { w.must(t, "kubectl delete pod audited --now") })
	eventually(t, 2*time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, `kubectl get signedimages images-are-signed-or-excepted -o jsonpath='{.status.totalViolations} {.status.violations[*].name} {.status.violations[*].message}'`)
		return err == nil && strings.Contains(out, "audited") && strings.Contains(out, "unsigned") && !strings.HasPrefix(out, "0 "), out
	})
}
