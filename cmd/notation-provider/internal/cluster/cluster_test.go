package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/cluster"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/cluster/apitest"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
)

const (
	pods        = "/api/v1/pods"
	constraints = "/apis/constraints.gatekeeper.sh/v1beta1/signedimages"
	exceptions  = "/apis/notation-provider.internal/v1/"
)

// named are objects as the API server has them in a list. Those of its own kinds have none in them.
func named(kind string, count int) (all []map[string]any) {
	for n := range count {
		made := map[string]any{"metadata": map[string]any{"name": fmt.Sprint("o", n)}}
		if kind != "" {
			made["kind"] = kind
		}
		all = append(all, made)
	}
	return all
}

// list returns the versions, kinds and names of all objects of the cluster.
func list(ctx context.Context, folder string) (found, absent []string, err error) {
	client, err := cluster.InCluster(os.Getenv, folder)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	absent, err = client.List(ctx, func(object map[string]any) error {
		found = append(found, workload.Text(object, "apiVersion")+" "+workload.Text(object, "kind")+" "+workload.Text(object, "metadata", "name"))
		return nil
	})
	return found, absent, err
}

// Every object of every page is handed on, and the server is asked for lists alone.
func TestAllPagesAreRead(t *testing.T) {
	s := apitest.Start(t)
	s.PageSize = 2
	s.Lists[pods], s.Lists[constraints] = named("", 5), named("SignedImages", 1)
	s.Lists[exceptions+"clusterimageexceptions"] = named("ClusterImageException", 0)
	found, absent, err := list(t.Context(), s.Folder)
	want := []string{"v1 Pod o0", "v1 Pod o1", "v1 Pod o2", "v1 Pod o3", "v1 Pod o4", "constraints.gatekeeper.sh/v1beta1 SignedImages o0"}
	if err != nil || !slices.Equal(found, want) || !slices.Equal(absent, []string{"imageexceptions"}) {
		t.Errorf("%q, without %q: %v", found, absent, err)
	}
	asked := []string{"GET " + pods + "?limit=250", "GET " + pods + "?continue=2&limit=250", "GET " + pods + "?continue=4&limit=250"}
	if got := s.Asked(); len(got) != 6 || !slices.Equal(got[:3], asked) {
		t.Errorf("asked %q", got)
	}
}

// A list that cannot be read to its end is an error that says what to do. It never holds the token.
func TestAPartOfTheClusterIsAnError(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(code)
			return true
		}
	}
	text := func(text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte(text))
			return true
		}
	}
	later := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !r.URL.Query().Has("continue") {
				return false
			}
			w.WriteHeader(code)
			return true
		}
	}
	on := func(path string, fault func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, path) && fault(w, r)
		}
	}
	tests := []struct {
		name  string
		fault func(http.ResponseWriter, *http.Request) bool
		says  string
	}{
		{"no token", status(401), "does not take the token in"},
		{"no right to pods", status(403), "list pods: the pod's service account may not (403); let a ClusterRole"},
		{"no right to constraints", on(constraints, status(403)), "list signedimages: the pod's service account may not"},
		{"no right to exceptions", on(exceptions+"imageexceptions", status(403)), "list imageexceptions: "},
		{"no pods", status(404), "list pods: the cluster does not have it"},
		{"constraints fail", on(constraints, status(500)), "list signedimages: the API server answered 500"},
		{"a later page is old", later(410), "(410); make the report again"},
		{"a later page is gone", later(404), "it went away while it was listed"},
		{"a page of HTML", text("<html>hello"), "list pods: read the API server's answer: "},
		{"no list", text(`{"kind": "Pod"}`), "is no page of a list"},
		{"a status", text(`{"kind": "Status"}`), "one of the objects has another kind than Pod;"},
		{"two lists", text(`{"items": []}{"items": []}`), "is no page of a list"},
		{"items that are null", text(`{"kind": "PodList", "items": null}`), `"items" is no list`},
		{"a cut list", text(`{"kind": "PodList", "items": [{"kind": "Pod"}`), "it is not JSON after byte"},
		{"a page goes on at a number", text(`{"metadata": {"continue": 7}, "items": []}`), "is no page of a list"},
		{"objects of another kind", text(`{"items": [{"kind": "Secret", "apiVersion": "v1"}]}`), "list pods: read the API server's answer: one of the objects has another kind than Pod;"},
		{"objects of another group", on(constraints, text(`{"items": [{"kind": "SignedImages", "apiVersion": "example.org/v1beta1"}]}`)), "list signedimages: read the API server's answer: one of the objects has another apiVersion than constraints.gatekeeper.sh/v1beta1;"},
		{"a list in a circle", text(`{"metadata": {"continue": "x"}, "items": []}`), "is no page of a list"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := apitest.Start(t)
			s.PageSize, s.Fault = 2, tc.fault
			s.Lists[pods], s.Lists[constraints] = named("", 5), named("SignedImages", 1)
			_, _, err := list(t.Context(), s.Folder)
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), apitest.Token) {
				t.Errorf("%v", err)
			}
		})
	}
}

// The token goes to the API server alone: not where that redirects to, and not to a server of another authority.
func TestTheTokenIsForTheServerAlone(t *testing.T) {
	other := apitest.Start(t)
	leads := "https://" + net(t) + pods
	s := apitest.Start(t)
	s.Fault = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, leads, http.StatusTemporaryRedirect)
		return true
	}
	if _, _, err := list(t.Context(), s.Folder); err == nil || !strings.Contains(err.Error(), "answered 307") {
		t.Errorf("%v", err)
	}
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Folder, "ca.crt"), ca.EncodeCertificates(root.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(s.Asked())
	if _, _, err := list(t.Context(), s.Folder); err == nil || !strings.Contains(err.Error(), "authority that is not trusted here") {
		t.Errorf("%v", err)
	}
	if got := append(other.Asked(), s.Asked()[before:]...); len(got) > 0 {
		t.Errorf("asked %q", got)
	}
}

// net is the address of the server that was started last.
func net(t *testing.T) string {
	t.Helper()
	return os.Getenv("KUBERNETES_SERVICE_HOST") + ":" + os.Getenv("KUBERNETES_SERVICE_PORT")
}

// What a pod should have and does not is named, with what to do.
func TestOutsideAPodTheErrorSaysWhatToDo(t *testing.T) {
	s := apitest.Start(t)
	tests := []struct{ name, remove, says string }{
		{"no token", "token", "automountServiceAccountToken: true"},
		{"no authority", "ca.crt", "read the API server's authority: "},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.CopyFS(folder, os.DirFS(s.Folder)); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(folder, tc.remove)); err != nil {
				t.Fatal(err)
			}
			if _, err := cluster.InCluster(os.Getenv, folder); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if _, err := cluster.InCluster(os.Getenv, s.Folder); err == nil || !strings.Contains(err.Error(), "kubectl get pods,signedimages -A -o json") {
		t.Errorf("%v", err)
	}
}
