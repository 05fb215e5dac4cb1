//go:build e2e

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// Options are what a cluster is made of.
type Options struct {
	// Kubernetes is the folder with etcd, kube-apiserver, kube-controller-manager and kubectl. Default: the newest
	// .cache/bin/kubernetes-v* of the module.
	Kubernetes string
	// Gatekeeper is the folder with manager and chart, for [Cluster.InstallGatekeeper]. Default: the newest
	// .cache/bin/gatekeeper-v* of the module.
	Gatekeeper string
	// HelmBinary is helm, for [Cluster.Helm] and [Cluster.InstallGatekeeper].
	HelmBinary string
	// Images maps references, as pods spell them, to folders: an OCI image layout, or a plain root file system. A pod with
	// another image waits with ErrImagePull.
	Images map[string]string
	// VolumeDelay is how long a change of a Secret or ConfigMap may take to arrive in volumes. Default: two seconds, where a
	// kubelet may take more than a minute.
	VolumeDelay time.Duration
	// RestartDelay is how long a container waits for its first restart; it doubles with each, up to eight times that.
	// Default: one second, where a kubelet waits ten.
	RestartDelay time.Duration
	// ServerArguments are more arguments of kube-apiserver.
	ServerArguments []string
	// Progress gets a line for each step. Default: standard error.
	Progress io.Writer
}

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
	for _, step := range []func(context.Context) error{c.startControlPlane, c.startAgent, c.startNames, c.startServices, c.startKubeletAPI} {
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
	_ = os.RemoveAll(filepath.Join(c.dir, "etcd")) // the next cluster of this test binary begins anew
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
		return "", errors.New("set Options.HelmBinary")
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

func (o *Options) fill() error {
	if o.Progress == nil {
		o.Progress = os.Stderr
	}
	if o.VolumeDelay == 0 {
		o.VolumeDelay = 2 * time.Second
	}
	if o.RestartDelay == 0 {
		o.RestartDelay = time.Second
	}
	for pattern, folder := range map[string]*string{"kubernetes-v*": &o.Kubernetes, "gatekeeper-v*": &o.Gatekeeper} {
		if *folder != "" {
			continue
		}
		found, err := findTools(pattern)
		if err != nil {
			return err
		}
		*folder = found
	}
	if o.Kubernetes == "" {
		return errors.New("no .cache/bin/kubernetes-v* in the module: make e2e builds it")
	}
	return nil
}

// findTools looks in .cache/bin of this folder and of those above it; "" where there is none.
func findTools(pattern string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		found, err := filepath.Glob(filepath.Join(folder, ".cache", "bin", pattern))
		if err != nil {
			return "", err
		}
		found = slices.DeleteFunc(found, func(name string) bool { return strings.HasSuffix(name, ".part") })
		if len(found) > 0 {
			return filepath.EvalSymlinks(found[len(found)-1])
		}
	}
	return "", nil
}
