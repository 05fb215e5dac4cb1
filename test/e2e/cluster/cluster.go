//go:build e2e

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Cluster is one that runs. There can be one at a time in a test binary.
type Cluster struct {
	options   Options
	dir       string
	started   time.Time
	ca        *authority
	config    *rest.Config
	api       client.Client
	processes []*process
	agent     *agent
	names     *names

	mu    sync.Mutex
	stops []func()
}

// Start starts a cluster within the time of ctx and waits until it takes pods. Only a test binary whose TestMain calls
// [Main] can.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if Dir() == "" {
		return nil, errors.New("cluster.Start works in a test binary whose TestMain is os.Exit(cluster.Main(m))")
	}
	if err := options.fill(); err != nil {
		return nil, err
	}
	c := &Cluster{options: options, dir: Dir(), started: time.Now(), names: newNames()}
	for _, step := range []func(context.Context) error{c.startControlPlane, c.startAgent, c.startNames, c.startServices, c.startKubeletAPI, c.startMetricsAPI} {
		if err := step(ctx); err != nil {
			c.Stop()
			return nil, err
		}
	}
	c.say("the cluster takes pods")
	return c, nil
}

// Stop ends everything: pods at once, then the control plane. The run folder stays until the test binary ends.
func (c *Cluster) Stop() {
	if c.agent != nil {
		c.agent.stop()
	}
	c.mu.Lock()
	stops := c.stops
	c.stops = nil
	c.mu.Unlock()
	for _, stop := range slices.Backward(stops) {
		stop()
	}
	for _, p := range slices.Backward(c.processes) {
		p.stop()
	}
	c.processes = nil
	_ = os.RemoveAll(filepath.Join(c.dir, "etcd")) // the next cluster of this test binary begins with nothing
}

func (c *Cluster) onStop(stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops = append(c.stops, stop)
}

// say writes a line of progress, with the seconds since the start.
func (c *Cluster) say(format string, args ...any) {
	fmt.Fprintf(c.options.Progress, "%6.1fs %s\n", time.Since(c.started).Seconds(), fmt.Sprintf(format, args...))
}

func (c *Cluster) logs() string { return filepath.Join(c.dir, "logs") }

// Config is an administrator's, for any client. It has no limit of requests per second.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Client is an administrator's, for the types of Kubernetes itself and for unstructured objects.
func (c *Cluster) Client() client.Client { return c.api }

// Kubeconfig is an administrator's file, for programs inside the namespaces: those that the tests start.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.dir, "kubeconfig") }

// OutsideKubeconfig is an administrator's file for programs anywhere on the machine, while the tests run.
func (c *Cluster) OutsideKubeconfig() string { return filepath.Join(c.dir, "outside.kubeconfig") }

// AuditLog is the API server's: who changed what, one JSON object a line.
func (c *Cluster) AuditLog() string { return filepath.Join(c.logs(), "audit.log") }

// Kubectl runs kubectl as an administrator and returns its standard output. Its errors hold what it said.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, "", c.binary("kubectl"), args...)
}

// Apply runs kubectl apply with objects as YAML.
func (c *Cluster) Apply(ctx context.Context, yaml string, args ...string) (string, error) {
	return c.run(ctx, yaml, c.binary("kubectl"), append([]string{"apply", "-f", "-"}, args...)...)
}

// Helm runs helm as an administrator and returns its standard output. Its errors hold what it said.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	if c.options.HelmBinary == "" {
		return "", errors.New("no .cache/bin/helm-v* in the module: make e2e builds it; or set Options.HelmBinary")
	}
	return c.run(ctx, "", c.options.HelmBinary, args...)
}

// run gives a program a home of its own, so that no file of the machine's user counts.
func (c *Cluster) run(ctx context.Context, input, program string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, program, args...)
	home := filepath.Join(c.dir, "home")
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(), "HOME="+home, "XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home)
	command.Stdin = strings.NewReader(input)
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}
