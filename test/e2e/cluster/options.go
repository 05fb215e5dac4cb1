//go:build e2e

package cluster

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options are what a cluster is made of.
type Options struct {
	// Kubernetes is the folder with etcd, kube-apiserver, kube-controller-manager and kubectl. Default: the newest
	// .cache/bin/kubernetes-v* of the module.
	Kubernetes string
	// Gatekeeper is the folder with manager and chart, for [Cluster.InstallGatekeeper]. Default: the newest
	// .cache/bin/gatekeeper-v* of the module.
	Gatekeeper string
	// HelmBinary is helm, for [Cluster.Helm] and [Cluster.InstallGatekeeper]. Default: the newest .cache/bin/helm-v* of the
	// module.
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
	for pattern, folder := range map[string]*string{"kubernetes-v*": &o.Kubernetes, "gatekeeper-v*": &o.Gatekeeper, "helm-v*": &o.HelmBinary} {
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
