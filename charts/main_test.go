// Package charts tests what the real helm renders from the chart: with its own values, with each example, and with
// mistakes of users.
package charts

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// chart is where it is; release is its name and the one of its namespace.
const (
	chart   = "notation-provider"
	release = "notation-provider"
)

// binaries are helm, helm-docs and our commands.
var binaries rig.Binaries

func TestMain(m *testing.M) {
	// The result of a test is remembered as long as what it looked at is the same, and helm looks at the chart for it.
	err := filepath.WalkDir(chart, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			_, err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	binaries.Main(m)
}

// helm runs it without a cluster, and returns what it prints, or an error with that.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), rig.Must(binaries.Command("helm"))(t), args...)
	home := t.TempDir()
	command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + filepath.Join(home, "none")}
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("helm %s: %w: %s%s", strings.Join(args, " "), err, complaint.String(), out.String())
	}
	return out.String(), nil
}

// template is the chart as helm renders it.
func template(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return helm(t, append([]string{"template", release, chart, "--namespace", release}, args...)...)
}

// rendered are renders that several tests look at, by their arguments.
var rendered = map[string]string{}

// objects are what a render holds.
type objects []*unstructured.Unstructured

// render is the chart's objects.
func render(t *testing.T, args ...string) objects {
	t.Helper()
	key := strings.Join(args, "\n")
	if _, ok := rendered[key]; !ok {
		rendered[key] = rig.Must(template(t, args...))(t)
	}
	return parse(t, rendered[key])
}

func parse(t *testing.T, text string) objects {
	t.Helper()
	var all objects
	for reader := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		object := &unstructured.Unstructured{}
		err := reader.Decode(&object.Object)
		if err == io.EOF { //nolint:errorlint // the decoder returns it as it is
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 {
			all = append(all, object)
		}
	}
}

// names are the objects' kinds and names, in order.
func (o objects) names() []string {
	var names []string
	for _, object := range o {
		names = append(names, object.GetKind()+" "+object.GetName())
	}
	slices.Sort(names)
	return names
}

// get decodes the object of a kind and name.
func get[T any](t *testing.T, o objects, kind, name string) *T {
	t.Helper()
	for _, object := range o {
		if object.GetKind() == kind && object.GetName() == name {
			into := new(T)
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true); err != nil {
				t.Fatalf("%s %s: %v", kind, name, err)
			}
			return into
		}
	}
	t.Fatalf("there is no %s %s among %q", kind, name, o.names())
	return nil
}

// examples are the files of values, by name; one that is empty is the chart's own.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{"the chart's own": nil}
	for _, path := range rig.Must(filepath.Glob(chart + "/examples/*.yaml"))(t) {
		all[filepath.Base(path)] = []string{"--values", path}
	}
	if len(all) < 10 {
		t.Errorf("there are %d sets of values", len(all))
	}
	return all
}

// everything has each switch of the chart on.
var everything = []string{"--set", "constraints.preset=generic,mutation.create=true,mutation.ephemeralContainers=true,autoscaling.enabled=true," +
	"monitoring.podMonitor.enabled=true,monitoring.prometheusRule.enabled=true,monitoring.dashboard.enabled=true," +
	"imageExceptions.create=true,imageExceptions.namespaceAdmins=true,constraints.exceptionsFrom={ClusterImageException,ImageException}," +
	"rbac.exceptionEditors[0].kind=Group,rbac.exceptionEditors[0].name=c," +
	"rbac.constraintEditors[0].kind=Group,rbac.constraintEditors[0].name=a,rbac.trustEditors[0].kind=Group,rbac.trustEditors[0].name=b"}
