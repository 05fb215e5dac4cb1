package workload_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
)

// names reads a text, and returns the names of its objects.
func names(text string) (string, error) {
	var all []string
	reader := workload.Reader{Each: func(o map[string]any) error {
		all = append(all, workload.Text(o, "metadata", "name"))
		return nil
	}}
	err := reader.Read(strings.NewReader(text), "pods")
	return strings.Join(all, " "), err
}

func one(name string) string { return fmt.Sprintf(`{"kind": "Pod", "metadata": {"name": %q}}`, name) }

// Objects are read in each form that kubectl and people write them in.
func TestObjectsAreReadInEachForm(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an object", one("a"), "a"},
		{"two values", one("a") + "\n" + one("b"), "a b"},
		{"a list", `{"apiVersion": "v1", "items": [` + one("a") + "," + one("b") + `], "kind": "List"}`, "a b"},
		{"an empty list", `{"items": []}`, ""},
		{"a list in a list", `{"items": [{"items": [` + one("a") + `]}, ` + one("b") + `]}`, "a b"},
		{"two lists", `{"items": [` + one("a") + `]}{"items": [` + one("b") + `]}`, "a b"},
		{"space before", "\n\t " + one("a"), "a"},
		{"YAML", "kind: Pod\nmetadata: {name: a}\n", "a"},
		{"YAML documents", "---\nmetadata: {name: a}\n---\n# nothing\n---\nnull\n---\nmetadata: {name: b}\n", "a b"},
		{"a YAML list", "kind: List\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n", "a b"},
		{"a name that is a date", "metadata: {name: 2027-01-01}", "2027-01-01"},
		{"a name that is a moment", "metadata: {name: 2027-01-01T00:00:00Z}", "2027-01-01T00:00:00Z"},
		{"a date behind an anchor", "metadata: {labels: {a: &x 2027-01-01}, name: *x}", "2027-01-01"},
		{"two values for one field", `{"metadata": {"name": "a"}, "metadata": {"name": "b"}}`, "b"},
	} {
		if got, err := names(c.text); got != c.want || err != nil {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// What cannot be read whole is an error, which says what to do: half a cluster would look like all of it.
func TestBrokenInputIsAnError(t *testing.T) {
	list := `{"items": [` + one("a") + "," + one("b") + "]}"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", " \n", "read pods: it is empty; give it Kubernetes objects"},
		{"cut in a list", list[:len(list)-20], "read pods: it is not JSON after byte"},
		{"cut at the end", list[:len(list)-1], "it may be cut off"},
		{"cut in a key", `{"ite`, "it may be cut off"},
		{"no JSON", `{"items": [nonsense]}`, "it is not JSON after byte"},
		{"junk behind", one("a") + " junk", "it is not JSON after byte"},
		{"text", "harbor.skao.int/a", "no Kubernetes object"},
		{"a list of text", `{"items": ["a"]}`, "no Kubernetes object"},
		{"no list", `{"items": {"a": 1}}`, `"items" is no list`},
		{"a pod with items", `{"items": [], "kind": "Pod", "spec": {}}`, `read pods: "Pod" has items, which only a list has`},
		{"one in a list", `{"kind": "PodList", "items": [{"kind": "Pod", "items": [` + one("a") + `]}]}`, `"Pod" has items`},
		{"one in YAML", "kind: Pod\nitems: []\n", "has items, which only a list has"},
		{"a second text", one("a") + ` "b"`, "no Kubernetes object"},
		{"no YAML", "a: [", "it is not YAML at line"},
		{"a YAML bomb", bomb(), "it is not YAML"},
		{"much YAML", "# " + strings.Repeat("x", workload.MaxYAML), "it is YAML and larger than"},
	} {
		if _, err := names(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}

// bomb is small, and large once its aliases are followed.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9), i)
	}
	return b.String()
}

// endless is a stream of spaces.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Neither bytes nor objects are without a bound.
func TestInputIsBounded(t *testing.T) {
	reader := workload.Reader{Each: func(map[string]any) error { return nil }, Most: 4 << 20}
	if err := reader.Read(endless{}, "pods"); err == nil || !strings.Contains(err.Error(), "larger than 4194304 bytes") {
		t.Errorf("an endless stream: %v", err)
	}
	many := io.MultiReader(strings.NewReader(`{"items": [{}`), strings.NewReader(strings.Repeat(",{}", workload.MaxObjects)), strings.NewReader("]}"))
	if err := reader.Read(many, "pods"); err == nil || !strings.Contains(err.Error(), "more than 200000 objects") {
		t.Errorf("many objects: %v", err)
	}
}

// The digest that runs is that of a manifest, and of the container that has this name in the same list.
func TestTheDigestThatRuns(t *testing.T) {
	const d = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, tc := range []struct{ id, want string }{
		{"harbor.skao.int/a@" + d, d},
		{"docker-pullable://harbor.skao.int/a@" + d, d},
		{d, ""}, // the image's ID, and not its manifest's digest
		{"docker://" + d, ""},
		{"@" + d, ""},
		{"harbor.skao.int/a:1", ""},
		{"harbor.skao.int/a@sha256:12", ""},
		{"", ""},
	} {
		pod := object{
			"spec": object{"containers": []any{object{"name": "a", "image": "x"}}, "initContainers": []any{object{"name": "b", "image": "y"}}},
			"status": object{
				"containerStatuses":     []any{object{"name": "b", "imageID": "z@" + strings.ReplaceAll(d, "0", "1")}, object{"name": "a", "imageID": tc.id}},
				"initContainerStatuses": []any{object{"name": "b", "imageID": tc.id}},
			},
		}
		for _, use := range workload.Uses(pod) {
			if string(use.Running) != tc.want {
				t.Errorf("%q: %s runs %q, want %q", tc.id, use.Container, use.Running, tc.want)
			}
		}
	}
}

// Only a pod finishes: a Job's status says something of its pods.
func TestOnlyPodsFinish(t *testing.T) {
	for _, phase := range []string{"Succeeded", "Failed", "Running", "Pending", "Unknown", ""} {
		for _, kind := range []string{"Pod", "Job"} {
			want := kind == "Pod" && (phase == "Succeeded" || phase == "Failed")
			if got := workload.Finished(object{"kind": kind, "status": object{"phase": phase}}); got != want {
				t.Errorf("%s %s: %t", kind, phase, got)
			}
		}
	}
}
