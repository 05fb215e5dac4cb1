package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/cluster/apitest"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// In a pod the objects are listed from the API server, and the report is that of the same objects in files.
func TestAReportOfTheCluster(t *testing.T) {
	c := newScene(t)
	signed, bare := c.PushImage(c.registry, "production/signed", "1"), c.PushImage(c.registry, "production/bare", "1")
	c.Sign(signed, rig.Signature{})
	c.runs("a", signed.Tagged(), signed.Descriptor.Digest.String())
	s := apitest.Start(t)
	s.PageSize = 1
	const pods, constraints = "/api/v1/pods", "/apis/constraints.gatekeeper.sh/v1beta1/signedimages"
	run := func() (code int, made reports.Report, stderr string) {
		root := newRoot()
		root.SetArgs([]string{"report", "--config", filepath.Join(c.dir, "config.yaml"), "-o", "json", "--cluster", "--account", s.Folder})
		var out, complaints bytes.Buffer
		code = cli.Run(t.Context(), root, &out, &complaints)
		if err := json.Unmarshal(out.Bytes(), &made); err != nil && code != cli.ExitFailed {
			t.Fatalf("%v: %s%s", err, &out, &complaints)
		}
		return code, made, complaints.String()
	}
	for _, pod := range c.pods {
		delete(pod, "kind") // which the API server leaves out in lists
	}
	s.Lists[pods] = c.pods
	without := []string{"The cluster does not have these kinds: signedimages, clusterimageexceptions, imageexceptions."}
	if code, made, stderr := run(); code != 0 || made.Summary.Verified != 1 || stderr != "" || !slices.Equal(made.Notes, without) {
		t.Errorf("exit code %d, %+v, %s", code, made.Summary, stderr)
	}
	c.pods = nil
	c.wants("vetted", "SEC-*")
	s.Lists[constraints] = c.pods
	if code, made, _ := run(); code != exitRefused || byImage(t, made, signed.Tagged()).Constraint != "vetted" {
		t.Errorf("exit code %d, %+v", code, made.Images)
	}
	c.pods = nil
	c.runs("b", bare.Tagged(), "")
	s.Lists[pods], s.Lists[constraints] = append(s.Lists[pods], c.pods...), nil
	if code, made, _ := run(); code != exitRefused || made.Summary.Images != 2 {
		t.Errorf("exit code %d, %+v", code, made.Summary)
	}
	s.Fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != constraints {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	if code, made, stderr := run(); code != cli.ExitFailed || len(made.Images) > 0 || !strings.Contains(stderr, "list signedimages: ") {
		t.Errorf("exit code %d, %+v, %s", code, made.Summary, stderr)
	}
}
