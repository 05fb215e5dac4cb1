//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// clusterException is a ClusterImageException for the image that is not signed.
func clusterException(expires string) string {
	return fmt.Sprintf(`
apiVersion: notation-provider.internal/v1
kind: ClusterImageException
metadata: {name: unsigned}
spec: {image: %s/unsigned, reason: "SEC-142: vetted", expires: %q}
`, registryHost, expires)
}

// namespacedException is an ImageException for the same, in a namespace.
func namespacedException(namespace string) string {
	return fmt.Sprintf(`
apiVersion: notation-provider.internal/v1
kind: ImageException
metadata: {name: unsigned, namespace: %s}
spec: {image: %s/unsigned, reason: "SEC-7: vetted by its tenant", expires: never}
`, namespace, registryHost)
}

// readObjects has the constraint read exceptions of these kinds, until the test ends.
func (w *world) readObjects(t *testing.T, kinds string) {
	t.Helper()
	t.Cleanup(func() {
		w.must(t, "kubectl delete clusterimageexceptions --all; kubectl delete imageexceptions --all -A")
		w.must(t, w.upgrade("--set imageExceptions.create=false,imageExceptions.namespaceAdmins=false --set-json 'constraints.exceptionsFrom=[]'"))
		w.must(t, "kubectl delete crd clusterimageexceptions.notation-provider.internal imageexceptions.notation-provider.internal")
		w.enforced(t)
	})
	w.must(t, w.upgrade("--set imageExceptions.create=true,imageExceptions.namespaceAdmins=true --set-json 'constraints.exceptionsFrom="+kinds+"'"))
	w.must(t, "kubectl wait --for=condition=Established --timeout=60s crd/clusterimageexceptions.notation-provider.internal crd/imageexceptions.notation-provider.internal")
}

// becomes waits until the unsigned image is admitted in a namespace or, with words, denied with them.
func (w *world) becomes(t *testing.T, namespace string, words ...string) {
	t.Helper()
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, "kubectl run excepted -n "+namespace+" --image="+registryHost+"/unsigned:1 --dry-run=server")
		for _, word := range words {
			if !strings.Contains(out, word) {
				return false, out
			}
		}
		return (err == nil) == (len(words) == 0), out
	})
}

// An object excepts an image while it is there and its last day is not over, and while Gatekeeper is told of it. Without the
// SyncSet it does not count.
func TestExceptionObjectAdmitsAndLapses(t *testing.T) {
	w := start(t)
	w.install(t)
	w.readObjects(t, `["ClusterImageException"]`)
	w.becomes(t, "default", "is not signed")

	w.admitted(t, clusterException("2999-12-31"))
	w.becomes(t, "default")
	if out := w.must(t, "kubectl get clusterimageexceptions"); !shows(out, "NAME IMAGE EXPIRES REASON AGE unsigned "+registryHost+"/unsigned 2999-12-31 SEC-142: vetted …") {
		t.Error(out)
	}
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	w.admitted(t, clusterException(yesterday))
	w.becomes(t, "default", "Its exception ended on "+yesterday+" (SEC-142: vetted; ClusterImageException unsigned)")

	w.admitted(t, clusterException("never"))
	w.becomes(t, "default")
	w.must(t, "kubectl delete clusterimageexception unsigned")
	w.becomes(t, "default", "is not signed")

	w.admitted(t, clusterException("never"))
	w.becomes(t, "default")
	w.must(t, "kubectl delete syncset notation-provider-exceptions")
	w.becomes(t, "default", "is not signed")
}

// A tenant writes exceptions for the tenant's own namespace, and only where the constraint reads that kind. What is written
// for the cluster is the platform team's. The API server refuses what makes no sense, in words.
func TestExceptionObjectsOfTenants(t *testing.T) {
	w := start(t)
	w.install(t)
	w.readObjects(t, `["ClusterImageException"]`)
	w.must(t, "kubectl create namespace tenant; kubectl create namespace neighbour")
	t.Cleanup(func() { w.must(t, "kubectl delete namespace tenant neighbour") })
	w.must(t, "kubectl create rolebinding owner -n tenant --clusterrole=admin --user=tenant")
	w.must(t, "kubectl create clusterrolebinding platform --clusterrole=notation-provider-exception-editor --group=platform-team")
	t.Cleanup(func() { w.must(t, "kubectl delete clusterrolebinding platform") })

	for _, object := range []string{clusterException("never"), namespacedException("neighbour")} {
		if out, err := w.apply(t, object, "--as=tenant"); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("a tenant wrote it: %s, %v\n%s", out, err, object)
		}
	}
	w.admitted(t, clusterException("never"), "--as=somebody", "--as-group=platform-team", "--dry-run=server")
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) { // the role admin is gathered by a controller
		out, err := w.Apply(ctx, namespacedException("tenant"), "--as=tenant")
		return err == nil, fmt.Sprint(out, err)
	})
	w.becomes(t, "tenant", "is not signed")

	w.constrain(t, `--set-json 'constraints.exceptionsFrom=["ClusterImageException","ImageException"]'`)
	w.becomes(t, "tenant")
	w.becomes(t, "neighbour", "is not signed")
	w.becomes(t, "default", "is not signed")

	w.denied(t, clusterException("2027-02-31"), `"2027-02-31" is no day; write a day that exists, as YYYY-MM-DD, or never`)
	w.denied(t, strings.Replace(clusterException("never"), "/unsigned,", "/uns*,", 1), "has a * in the wrong place")
	w.denied(t, strings.Replace(namespacedException("tenant"), "expires:", "namespaces: [neighbour], expires:", 1), "namespaces")
}
