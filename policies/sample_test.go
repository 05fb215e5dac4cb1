package policies_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sample is the policy that README.md teaches.
func sample(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?ms)^```rego\n(.*?)^```$").FindSubmatch(readme)
	if found == nil {
		t.Fatal("README.md has no policy")
	}
	return string(found[1])
}

// templateOf copies the library, puts a policy beside it and generates its template.
func templateOf(t *testing.T, policy string) (template string, said string, err error) {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "lib"), os.DirFS("lib")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "verifiedimages")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"policy.rego": policy, "parameters.yaml": "type: object\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "run", "./generate", root).CombinedOutput()
	return filepath.Join(folder, "template.yaml"), string(out), err
}

// The policy that README.md teaches denies what is unsigned, what the provider says nothing of, and everything while the
// provider is down; it admits what is verified.
func TestTaughtPolicyIsClosed(t *testing.T) {
	template, said, err := templateOf(t, sample(t))
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	policytest := filepath.Join(dir, "policytest")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", policytest, "../cmd/policytest").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	constraint := file("constraint.yaml", "{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: VerifiedImages, metadata: {name: x}, spec: {}}")
	pod := file("pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: y}, spec: {containers: [{name: c, image: registry.example/app:1}]}}")
	for _, c := range []struct{ name, answer, want string }{
		{"verified", "verified", "ADMITTED"},
		{"unsigned", "{refused: unsigned}", "DENIED"},
		{"undecided", "{undecided: registry}", "DENIED"},
		{"down", "unreachable", "DENIED"},
		{"silent", "silent", "DENIED"},
	} {
		verdicts := file(c.name+".yaml", "providers: {notation-provider: {answers: {\"registry.example/app:1\": "+c.answer+"}}}")
		out, _ := exec.CommandContext(t.Context(), policytest, "eval", "-f", template, "-f", constraint, "-f", pod, "--verdicts", verdicts).CombinedOutput()
		if !strings.Contains(string(out), ": "+c.want) {
			t.Errorf("%s: want %s:\n%s", c.name, c.want, out)
		}
	}
}

// A full path below data.lib is undefined where Gatekeeper keeps the library, so no template is made of it.
func TestFullPathsAreRefused(t *testing.T) {
	policy := strings.ReplaceAll(sample(t), "some use in review.judged\n", "some use in data.lib.review.judged\n")
	_, said, err := templateOf(t, policy)
	if err == nil || !strings.Contains(said, "data.lib.review.judged is undefined in Gatekeeper") {
		t.Errorf("%v: %s", err, said)
	}
}
