package controllers

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/clientca"
)

// ClientCA keeps the ConfigMap with the CA of Gatekeeper's client certificates.
type ClientCA struct {
	Store     Store
	ConfigMap client.ObjectKey
	// Webhooks is the name of Gatekeeper's ValidatingWebhookConfiguration.
	Webhooks string
	// Overlap is how long a CA stays that the webhooks have no longer.
	Overlap time.Duration
	Now     func() time.Time
	Log     *slog.Logger
	// Report is told what is done, and State which CAs the webhooks have.
	Report Report
	State  func([]*x509.Certificate)
	// FailOpen is told of each webhook whether its failurePolicy is another than Fail: what it does not answer is then
	// admitted.
	FailOpen func(webhooks map[string]bool)
}

// Reconcile brings the ConfigMap up to date. The request says nothing.
func (c *ClientCA) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	wanted, err := c.wanted(ctx)
	if ended(ctx) {
		return reconcile.Result{}, nil
	}
	if err != nil {
		c.Report.Did("client-ca", "read", err)
		return reconcile.Result{}, fmt.Errorf("the client CA stays as it is: %w", err)
	}
	c.State(wanted)
	wait, err := c.keep(ctx, wanted)
	switch {
	case ended(ctx):
		return reconcile.Result{}, nil
	case conflict(err):
		return after(again), nil
	}
	c.Report.Did("client-ca", "keep", err)
	return after(wait), err
}

// wanted are the CAs of the webhooks.
func (c *ClientCA) wanted(ctx context.Context) ([]*x509.Certificate, error) {
	webhooks := &admissionv1.ValidatingWebhookConfiguration{}
	if err := c.Store.Get(ctx, client.ObjectKey{Name: c.Webhooks}, webhooks); err != nil {
		return nil, fmt.Errorf("reading Gatekeeper's ValidatingWebhookConfiguration %q: %w", c.Webhooks, err)
	}
	var bundles []clientca.Bundle
	failOpen := map[string]bool{}
	for _, w := range webhooks.Webhooks {
		failOpen[w.Name] = w.FailurePolicy == nil || *w.FailurePolicy != admissionv1.Fail
		bundles = append(bundles, clientca.Bundle{Webhook: w.Name, PEM: w.ClientConfig.CABundle})
	}
	c.FailOpen(failOpen)
	wanted, err := clientca.Wanted(bundles)
	if err != nil {
		return nil, fmt.Errorf("ValidatingWebhookConfiguration %q: %w", c.Webhooks, err)
	}
	return wanted, nil
}

// keep writes the ConfigMap if it is not as it should be, and returns when it is to be
// looked at again.
func (c *ClientCA) keep(ctx context.Context, wanted []*x509.Certificate) (time.Duration, error) {
	held := &corev1.ConfigMap{}
	if err := c.Store.Get(ctx, c.ConfigMap, held); err != nil {
		return 0, fmt.Errorf("reading ConfigMap %q, which the chart creates empty: %w", c.ConfigMap, err)
	}
	is := clientca.Held{PEM: held.Data[clientca.Key], Retiring: held.Annotations[clientca.RetiringAnnotation]}
	next, wait := clientca.Next(c.Now(), is, wanted, c.Overlap)
	if wait == 0 || wait > recheck {
		wait = recheck
	}
	if next == is {
		return wait, nil
	}
	put(held, next)
	if err := c.Store.Update(ctx, held, client.FieldOwner(FieldOwner)); err != nil {
		return 0, fmt.Errorf("writing ConfigMap %q: %w", c.ConfigMap, err)
	}
	c.Log.InfoContext(ctx, "wrote the client ca", "configMap", c.ConfigMap.String(), "wanted", len(wanted), "retiring", next.Retiring)
	return wait, nil
}

// recheck is the longest time without a look: what a watch has missed is found then.
const recheck = 10 * time.Minute

func put(held *corev1.ConfigMap, next clientca.Held) {
	if held.Data == nil {
		held.Data = map[string]string{}
	}
	held.Data[clientca.Key] = next.PEM
	if next.Retiring == "" {
		delete(held.Annotations, clientca.RetiringAnnotation)
		return
	}
	if held.Annotations == nil {
		held.Annotations = map[string]string{}
	}
	held.Annotations[clientca.RetiringAnnotation] = next.Retiring
}
