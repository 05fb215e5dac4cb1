package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/controllers"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/metrics"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// rotate runs until ctx is done.
func rotate(ctx context.Context, o options, log *slog.Logger) error {
	// What the libraries log goes the same way.
	klog.SetSlogLogger(log)
	ctrllog.SetLogger(logr.FromSlogHandler(log.Handler()))
	kube, err := reach(o.kubeconfig)
	if err != nil {
		return err
	}
	measures, err := metrics.New(version.Number, ctrlmetrics.Registry)
	if err != nil {
		return err
	}
	m, err := newManager(kube, o)
	if err != nil {
		return err
	}
	store, err := client.New(kube, client.Options{Scheme: m.GetScheme(), Mapper: m.GetRESTMapper()})
	if err != nil {
		return err
	}
	if err := addAdmin(m, o.admin, measures); err != nil {
		return err
	}
	if err := addControllers(m, o, store, measures, log); err != nil {
		return err
	}
	log.InfoContext(ctx, "starting", "version", version.Number, "namespace", o.namespace, "secret", o.secret, "configMap", o.configMap, "providers", o.providers)
	return m.Start(ctx)
}

// reach returns how to reach the API server. A change of the CA is a dozen steps of four
// requests, which the library's default of five a second would stretch.
func reach(kubeconfig string) (*rest.Config, error) {
	read := rest.InClusterConfig
	if kubeconfig != "" {
		read = func() (*rest.Config, error) { return fromFile(kubeconfig) }
	}
	kube, err := read()
	if err != nil {
		return nil, fmt.Errorf("reaching Kubernetes: %w; outside a pod give --kubeconfig FILE", err)
	}
	kube.QPS, kube.Burst, kube.UserAgent = 20, 40, controllers.FieldOwner+"/"+version.Number
	return kube, nil
}

// maxKubeconfig is the largest kubeconfig that is read. Those of many clusters have some 100 KiB.
const maxKubeconfig = 4 << 20

// fromFile reads a kubeconfig. clientcmd would wait for the writer of a pipe, and read a device
// for ever. Paths in it are relative to its folder.
func fromFile(path string) (*rest.Config, error) {
	data, err := regularfile.Read(path, maxKubeconfig)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, cluster := range config.Clusters {
		cluster.LocationOfOrigin = path
	}
	for _, user := range config.AuthInfos {
		user.LocationOfOrigin = path
	}
	if err := clientcmd.ResolveLocalPaths(config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return clientcmd.NewDefaultClientConfig(*config, &clientcmd.ConfigOverrides{}).ClientConfig()
}

// newManager returns a manager that knows the kinds we use, and asks for no others.
func newManager(kube *rest.Config, o options) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, admissionv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	options := manager.Options{
		Scheme:                        scheme,
		MapperProvider:                func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return kinds(), nil },
		Metrics:                       metricsserver.Options{BindAddress: "0"}, // the admin listener has them
		LeaderElection:                o.elect,
		LeaderElectionID:              o.lease,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       new(10 * time.Second),
	}
	if o.elect {
		lock, err := newLock(kube, o)
		if err != nil {
			return nil, err
		}
		options.LeaderElectionResourceLockInterface = lock
	}
	return manager.New(kube, options)
}

// kinds are the kinds we use. They are not asked for at the API server, as that may not
// know Providers yet.
func kinds() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(secretKind(), meta.RESTScopeNamespace)
	mapper.Add(configMapKind(), meta.RESTScopeNamespace)
	mapper.Add(webhooksKind(), meta.RESTScopeRoot)
	mapper.Add(controllers.ProviderKind(), meta.RESTScopeRoot)
	return mapper
}

func secretKind() schema.GroupVersionKind    { return corev1.SchemeGroupVersion.WithKind("Secret") }
func configMapKind() schema.GroupVersionKind { return corev1.SchemeGroupVersion.WithKind("ConfigMap") }
func webhooksKind() schema.GroupVersionKind {
	return admissionv1.SchemeGroupVersion.WithKind("ValidatingWebhookConfiguration")
}

// newLock is the Lease by which the leader is elected. controller-runtime's own would emit
// events, for which the rotator has no right.
func newLock(kube *rest.Config, o options) (resourcelock.Interface, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	brief := rest.CopyConfig(kube)
	brief.Timeout = 5 * time.Second // half of the time in which a leader must renew
	leases, err := coordinationv1.NewForConfig(brief)
	if err != nil {
		return nil, err
	}
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: o.namespace, Name: o.lease},
		Client:     leases,
		LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())},
	}, nil
}
