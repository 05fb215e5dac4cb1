package policies_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// inventory has as many ClusterImageExceptions as a platform team may have, as Gatekeeper keeps them: whole, with all that
// kubectl adds.
func inventory(n int, image, expires string) map[string]any {
	objects := map[string]any{}
	for i := range n {
		name := fmt.Sprint("vetted-", i)
		spec := map[string]any{"image": strings.ReplaceAll(image, "%d", fmt.Sprint(i)), "reason": fmt.Sprint("SEC-", i), "expires": expires}
		objects[name] = map[string]any{
			"apiVersion": "notation-provider.internal/v1", "kind": "ClusterImageException", "spec": spec,
			"metadata": map[string]any{
				"name": name, "uid": "5c0a0c8e-5b1c-4b2f-9e63-0d8b3c1f2a47", "resourceVersion": "123456", "generation": 1,
				"creationTimestamp": "2027-03-01T12:00:00Z",
				"annotations":       map[string]any{"kubectl.kubernetes.io/last-applied-configuration": fmt.Sprint(spec)},
				"managedFields": []any{map[string]any{"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": map[string]any{
					"f:spec": map[string]any{".": map[string]any{}, "f:image": map[string]any{}, "f:reason": map[string]any{}, "f:expires": map[string]any{}},
				}}},
			},
		}
	}
	return map[string]any{"cluster": map[string]any{"notation-provider.internal/v1": map[string]any{"ClusterImageException": objects}}}
}

// store keeps an inventory as Gatekeeper's driver does.
func store(inventory map[string]any) func(*rego.Rego) {
	return rego.Store(inmem.NewFromObjectWithOpts(map[string]any{"inventory": inventory}, inmem.OptRoundTripOnWrite(false)))
}

var readObjects = []any{"ClusterImageException", "ImageException"}

// 1,000 objects cost 100 steps each, for one image as for many.
func TestExceptionObjectsAreCheap(t *testing.T) {
	t.Parallel()
	const objects = 1000
	for _, tc := range []struct{ name, image string }{{"far", "docker.io/library/image-%d"}, {"near", "h.example/q%d/e"}, {"paths", "h.example/q%d/*"}} {
		review := violations(t, store(inventory(objects, tc.image, "never")))
		for _, images := range []int{1, 200} {
			h := hostileOf(images, "deep", "refused")
			input := h.input("far")
			input["parameters"] = map[string]any{"provider": "p", "exceptionsFrom": readObjects}
			var made steps
			if denied := review(input, rego.EvalQueryTracer(&made)); denied != images {
				t.Errorf("%s: %d of %d images are denied", tc.name, denied, images)
			}
			if made > steps(objects*100+images*330) {
				t.Errorf("%s: %d steps for %d images", tc.name, made, images)
			}
		}
	}
}

// More objects than are read cost nothing, and none of them counts.
func TestTooManyExceptionObjects(t *testing.T) {
	t.Parallel()
	review := violations(t, store(inventory(5001, "skao.int/tango", "never")))
	input := map[string]any{"review": podOf([]string{tag}), "parameters": map[string]any{"provider": "p", "exceptionsFrom": readObjects}, "response": refusedAll([]string{tag})}
	var made steps
	if denied := review(input, rego.EvalQueryTracer(&made)); denied != 1 || made > 2000 {
		t.Errorf("%d violations, %d steps", denied, made)
	}
}

// A pod of three, its verdicts warm: with 1,000 exceptions that are objects, with 200 in the constraint, and with none.
func BenchmarkExceptionObjects(b *testing.B) {
	images := []string{"skao.int/tango:1", "skao.int/archiver@" + sha256, "skao.int/tango:1"}
	response := map[string]any{"status_code": 0, "system_error": "", "errors": []any{}, "responses": []any{
		[]any{images[0], goodValue(images[0])}, []any{images[1], goodValue(images[1])},
	}}
	for _, c := range []struct{ objects, inConstraint int }{{0, 0}, {0, 200}, {1000, 0}, {1000, 200}} {
		b.Run(fmt.Sprintf("objects=%d/constraint=%d", c.objects, c.inConstraint), func(b *testing.B) {
			review := violations(b, store(inventory(c.objects, "docker.io/library/image-%d", "never")))
			var exceptions []any
			for i := range c.inConstraint {
				exceptions = append(exceptions, map[string]any{"image": fmt.Sprintf("docker.io/bitnami/image-%d", i), "reason": "SEC-142", "expires": "never"})
			}
			parameters := map[string]any{"provider": "p", "exceptions": exceptions, "exceptionsFrom": readObjects}
			input := map[string]any{"review": podOf(images), "parameters": parameters, "response": response}
			began := processorTime(b)
			for b.Loop() {
				if denied := review(input); denied > 0 {
					b.Fatal(denied)
				}
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// processorTime is what this process has used of processors. On a busy machine it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
