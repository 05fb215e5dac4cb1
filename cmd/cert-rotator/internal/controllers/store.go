package controllers

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Store is the Kubernetes API. Reads must not come from a cache. Writes must fail with a conflict
// if the object is no longer the one that was read. A client.Client that was made without a cache
// does so.
type Store interface {
	Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error
	Update(ctx context.Context, object client.Object, options ...client.UpdateOption) error
}

// FieldOwner is the name under which the API server notes which fields the rotator writes.
const FieldOwner = "notation-provider-cert-rotator"

// Report is told how a controller fares. Its methods must not wait.
type Report interface {
	// Did counts something done, or not done.
	Did(controller, action string, err error)
}

const (
	// perWake is how many steps are taken in one go, before others may be woken.
	perWake = 20
	// again is when to go on where more than that is to be done, or somebody else wrote first.
	again = time.Second
)

// conflict tells that somebody else has written first, so that all is to be read again.
func conflict(err error) bool { return apierrors.IsConflict(err) }

// ended tells that the rotator is told to end: what fails then is no failure.
func ended(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

func after(d time.Duration) reconcile.Result { return reconcile.Result{RequeueAfter: d} }
