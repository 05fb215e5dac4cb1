//go:build e2e

package cluster_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
)

// shared is the cluster of all tests of this package.
var shared *cluster.Cluster

// workload is the image that tests run, as an image layout.
const workload = "registry.example/workload:1"

func TestMain(m *testing.M) {
	os.Exit(cluster.Main(suite{m}, buildWorkload))
}

// suite runs the tests in a cluster.
type suite struct{ m *testing.M }

func (s suite) Run() int {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	layout := filepath.Join(cluster.Dir(), "workload-image")
	if err := writeLayout(filepath.Join(cluster.Dir(), "workload"), layout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Images: map[string]string{workload: layout}, VolumeDelay: 200 * time.Millisecond, RestartDelay: 100 * time.Millisecond,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer c.Stop()
	shared = c
	return s.m.Run()
}

// buildWorkload builds the program of the image.
func buildWorkload(dir string) error {
	ctx := context.Background()
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "workload"), "./testdata/workload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the workload: %w: %s", err, said)
	}
	return nil
}
