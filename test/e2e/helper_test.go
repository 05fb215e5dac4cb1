//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const (
	helperExample = "charts/notation-provider/examples/credential-helper.yaml"

	// Those that the example names: the registry, and the image with the helper.
	cloudHost   = "123.registry.example.org"
	helperImage = "registry.example.org/tools/credential-helpers:1.0"
)

// buildHelper builds the program of the image that the example takes the helper from.
func buildHelper(dir string) error {
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", filepath.Join(dir, "bin", "credential-helper"), "./testdata/credential-helper")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return build.Run()
}

// addHelperImage makes the image: the helper, and cp to copy it with.
func (w *world) addHelperImage(t *testing.T) {
	t.Helper()
	image := t.TempDir()
	program, err := os.ReadFile(filepath.Join(cluster.Dir(), "bin", "credential-helper"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin/cp", "usr/local/bin/docker-credential-example"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(image, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(image, name), program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.AddImage(helperImage, image)
}

// identity is the service that the helper asks for the registry's password, as a cloud has one beside each node.
type identity struct {
	refuses atomic.Bool
	asked   atomic.Int64
}

func (w *world) startIdentity(t *testing.T, registry *rig.Registry) *identity {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(w.AddHost("identity.example.org"), "80"))
	if err != nil {
		t.Fatal(err)
	}
	i := &identity{}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if i.asked.Add(1); i.refuses.Load() || r.FormValue("host") != registry.Host {
			http.Error(rw, "no", http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(rw).Encode(map[string]string{"ServerURL": registry.Host, "Username": registry.Username, "Secret": registry.Password})
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return i
}

// startCloud starts a registry that wants a token for each repository, and fills it.
func (w *world) startCloud(t *testing.T) *rig.Registry {
	t.Helper()
	registry, err := w.rig.Registry(t.Context(), rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token, Name: cloudHost, Listen: w.AddHost(cloudHost) + ":443"})
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range []string{"signed", "later", "unsigned"} {
		image, err := registry.PushImage(t.Context(), repository, "1")
		if err == nil && repository != "unsigned" {
			_, err = w.rig.Sign(t.Context(), image, rig.Signature{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return registry
}

// useHelper gives the servers the example, and has the cluster judge the images of its registry.
func (w *world) useHelper(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, helperExample))
	if err != nil {
		t.Fatal(err)
	}
	create := regexp.MustCompile(`(?s)# (kubectl .*?)\n +- `).FindStringSubmatch(string(text))
	if create == nil {
		t.Fatal("the example does not say how to make its ConfigMap")
	}
	before := w.must(t, "helm get values notation-provider -n "+namespace+" -o yaml")
	if err := writeAll(w.dir, map[string]string{"before.yaml": before, "cloud.yaml": w.registryValues(registryHost, cloudHost)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.must(t, "kubectl apply -f trust/kubernetes/configmap.yaml")
		w.must(t, "helm upgrade notation-provider charts/notation-provider -n "+namespace+" --reset-values -f before.yaml --wait")
		w.must(t, "kubectl delete configmap credential-helper -n "+namespace)
		w.enforced(t)
	})
	w.must(t, regexp.MustCompile(`\\\n *# *`).ReplaceAllString(create[1], ""))
	w.must(t, "rm -rf cloud; notation-pki bundle --ca root.crt --scope '"+registryHost+"/*' --scope '"+cloudHost+"/*' --identity '*' --kubernetes --out cloud")
	w.must(t, "kubectl apply -f cloud/kubernetes/configmap.yaml")
	w.must(t, w.upgrade("-f "+helperExample+" -f cloud.yaml --set constraints.images='{"+registryHost+"/*,"+cloudHost+"/*}'"))
}

// cloudPod asks for a pod with an image of the registry, and keeps nothing.
func (w *world) cloudPod(ctx context.Context, repository string) (string, error) {
	return w.shell(ctx, "kubectl run "+repository+" --image="+cloudHost+"/"+repository+":1 --dry-run=server")
}

// A helper that an init container brings, as the example has it, logs the servers in. Signed images are admitted and unsigned
// ones denied as such. While the helper fails, what was verified stays so, and the rest is undecided.
func TestCredentialHelperOfInitContainer(t *testing.T) {
	w := start(t)
	w.install(t)
	w.addHelperImage(t)
	service := w.startIdentity(t, w.startCloud(t))
	w.useHelper(t)

	admitted := func(repository string) {
		t.Helper()
		eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
			out, err := w.cloudPod(ctx, repository)
			return err == nil, out
		})
	}
	denied := func(repository, words string) {
		t.Helper()
		eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
			out, err := w.cloudPod(ctx, repository)
			return err != nil && strings.Contains(out, words), out
		})
	}
	admitted("signed")
	denied("unsigned", "is not signed")
	if service.asked.Load() == 0 {
		t.Error("the helper was not asked")
	}

	service.refuses.Store(true)
	denied("later", "credentials")
	admitted("signed")
	service.refuses.Store(false)
	admitted("later")
}
