// Package watch wakes a controller when one object changes that is known by its name.
//
// Each object has a watch of its own, with a field selector on metadata.name: RBAC grants
// list and watch by resourceNames only to such requests, and one selector cannot name two
// objects. A watch gets metadata alone, so that no key of the Secret lies in a cache.
package watch

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Object is what to watch. A cluster-scoped object has no namespace.
type Object struct {
	Kind            schema.GroupVersionKind
	Namespace, Name string
}

// Source wakes a controller at the start, and at each change of the object. Unlike source.Kind it
// does not wait until the first list has come. The kind may not exist yet, and the others must not
// wait for that.
func Source(m manager.Manager, o Object) (source.Source, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(o.Kind)
	by := cache.ByObject{Field: fields.OneTermEqualSelector(metav1.ObjectNameField, o.Name)}
	if o.Namespace != "" {
		by.Namespaces = map[string]cache.Config{o.Namespace: {}}
	}
	one, err := cache.New(m.GetConfig(), cache.Options{
		HTTPClient: m.GetHTTPClient(), Scheme: m.GetScheme(), Mapper: m.GetRESTMapper(),
		ByObject: map[client.Object]cache.ByObject{object: by},
	})
	if err != nil {
		return nil, fmt.Errorf("watching %s %q: %w", o.Kind.Kind, o.Name, err)
	}
	if err := m.Add(one); err != nil {
		return nil, err
	}
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		informer, err := one.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("watching %s %q: %w", o.Kind.Kind, o.Name, err)
		}
		wake := func(any) { queue.Add(reconcile.Request{}) }
		wake(nil)
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc: wake, UpdateFunc: func(_, now any) { wake(now) }, DeleteFunc: wake,
		})
		return err
	}), nil
}
