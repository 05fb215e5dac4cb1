package controllers

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// Serving keeps the serving certificate, its CA and the caBundle of the Providers.
type Serving struct {
	Store     Store
	Secret    client.ObjectKey
	Providers []string
	Rules     serving.Rules
	// Look asks the replicas of the server what they serve with.
	Look func(ctx context.Context, now time.Time, ca *x509.Certificate) replicas.Seen
	Now  func() time.Time
	Log  *slog.Logger
	// Report is told what is done, and State what is so.
	Report Report
	State  func(serving.State, replicas.Seen)

	looked looked
}

// looked is what looks at the replicas have shown. It is not kept in the Secret: a rotator
// that begins starts with no looks.
type looked struct {
	ca    string    // the fingerprint of the CA that they were about
	at    time.Time // the last look
	since time.Time // since when all serve with that CA; zero if they do not
	seen  replicas.Seen
}

// Reconcile takes the steps that are due. The request says nothing.
func (c *Serving) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	for range perWake {
		action, err := c.step(ctx)
		if ended(ctx) {
			return reconcile.Result{}, nil
		}
		if conflict(err) {
			c.Log.DebugContext(ctx, "somebody else wrote first; reading again", "error", err)
			continue
		}
		c.Report.Did("serving", action.Name, err)
		if err != nil {
			return reconcile.Result{}, err
		}
		if action.Deed == serving.Wait {
			c.Log.DebugContext(ctx, "waiting", "step", action.State.Step, "for", action.After, "why", action.Why)
			return after(action.After), nil
		}
		c.Log.InfoContext(ctx, "did", "action", action.Name, "step", action.State.Step, "why", action.Why)
	}
	return after(again), nil
}

// step reads everything, decides, and does one thing. The Providers are read before the
// Secret: see serving.Rules.Next.
func (c *Serving) step(ctx context.Context) (serving.Action, error) {
	objects, err := c.providers(ctx)
	if err != nil {
		return serving.Action{}, err
	}
	secret := &corev1.Secret{}
	if err := c.Store.Get(ctx, c.Secret, secret); err != nil {
		return serving.Action{}, fmt.Errorf("reading Secret %q, which the chart creates empty: %w", c.Secret, err)
	}
	now := c.Now()
	state := c.Rules.Read(secret.Data, secret.Annotations, now)
	world := serving.World{Now: now, NewSince: c.look(ctx, state, now)}
	for _, object := range objects {
		world.Providers = append(world.Providers, seen(object))
	}
	c.State(state, c.looked.seen)
	action, err := c.Rules.Next(state, world)
	if err != nil {
		return action, err
	}
	return action, c.do(ctx, action, secret, objects)
}

func (c *Serving) do(ctx context.Context, action serving.Action, secret *corev1.Secret, providers []*unstructured.Unstructured) error {
	switch action.Deed {
	case serving.Save:
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		if secret.Annotations == nil {
			secret.Annotations = map[string]string{}
		}
		action.State.Write(secret.Data, secret.Annotations)
		if err := c.Store.Update(ctx, secret, client.FieldOwner(FieldOwner)); err != nil {
			return fmt.Errorf("writing Secret %q: %w", c.Secret, err)
		}
	case serving.Publish:
		return c.publish(ctx, action.State, providers)
	case serving.Wait:
	}
	return nil
}

// look returns since when all replicas serve with the current CA, if that counts now.
func (c *Serving) look(ctx context.Context, state serving.State, now time.Time) time.Time {
	if state.Step != serving.Issued || state.Current.None() {
		c.looked = looked{}
		return time.Time{}
	}
	if ca := authority.Fingerprint(state.Current.Cert); c.looked.ca != ca {
		c.looked = looked{ca: ca}
	}
	if last := c.looked.at; !last.IsZero() && now.Sub(last) < c.Rules.LookInterval {
		return c.looked.since
	}
	c.looked.at, c.looked.seen = now, c.Look(ctx, now, state.Current.Cert)
	switch all := c.looked.seen.All(); {
	case !all:
		c.looked.since = time.Time{}
		c.Log.InfoContext(ctx, "not all replicas serve with the new CA", "seen", c.looked.seen.String())
	case c.looked.since.IsZero():
		c.looked.since = now
	}
	return c.looked.since
}
