package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/controllers"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/metrics"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/watch"
)

// What fails is tried again after these times, and no try takes longer than the last.
const (
	retryFirst = 200 * time.Millisecond
	retryLast  = 30 * time.Second
	tryAtMost  = time.Minute
)

// addControllers adds those that the options ask for, each with its watches.
func addControllers(m manager.Manager, o options, store controllers.Store, measures *metrics.Metrics, log *slog.Logger) error {
	if o.secret != "" {
		service, err := replicas.Parse(o.service, o.rules.Names[0])
		if err != nil {
			return err
		}
		watches := []watch.Object{{Kind: secretKind(), Namespace: o.namespace, Name: o.secret}}
		for _, name := range o.providers {
			watches = append(watches, watch.Object{Kind: controllers.ProviderKind(), Name: name})
		}
		if err := addController(m, "serving", &controllers.Serving{
			Store: store, Secret: client.ObjectKey{Namespace: o.namespace, Name: o.secret}, Providers: o.providers, Rules: o.rules,
			Look: service.Look, Now: time.Now, Log: log.With("controller", "serving"), Report: measures, State: measures.Serving,
		}, watches); err != nil {
			return err
		}
	}
	if o.configMap == "" {
		return nil
	}
	return addController(m, "client-ca", &controllers.ClientCA{
		Store: store, ConfigMap: client.ObjectKey{Namespace: o.namespace, Name: o.configMap}, Webhooks: o.webhooks, Overlap: o.overlap,
		Now: time.Now, Log: log.With("controller", "client-ca"), Report: measures, State: measures.ClientCA, FailOpen: measures.FailOpen,
	}, []watch.Object{{Kind: configMapKind(), Namespace: o.namespace, Name: o.configMap}, {Kind: webhooksKind(), Name: o.webhooks}})
}

func addController(m manager.Manager, name string, reconciler reconcile.Reconciler, watches []watch.Object) error {
	c, err := controller.New(name, m, controller.Options{
		Reconciler:            reconciler,
		ReconciliationTimeout: tryAtMost,
		RateLimiter:           workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast),
	})
	if err != nil {
		return err
	}
	for _, object := range watches {
		source, err := watch.Source(m, object)
		if err != nil {
			return err
		}
		if err := c.Watch(source); err != nil {
			return err
		}
	}
	return nil
}

// addAdmin adds the plain listener for those who look after the process.
func addAdmin(m manager.Manager, address string, measures *metrics.Metrics) error {
	listener, err := net.Listen("tcp", address) //nolint:noctx // at the start, where nothing else is under way
	if err != nil {
		return fmt.Errorf("--admin-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := measures.Failing(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, err)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(ctrlmetrics.Registry, promhttp.HandlerOpts{}))
	m.GetLogger().Info("admin listener", "address", listener.Addr().String())
	return m.Add(&manager.Server{Name: "admin", Listener: listener, ShutdownTimeout: new(time.Second), Server: &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}})
}
