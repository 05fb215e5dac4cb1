package controllers_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// api is the API server, as far as the rotator sees it: objects with versions.
type api struct {
	objects map[string]client.Object
	version int
	// wrote is called after each write, and replaced when a rotator is about to replace the Secret.
	wrote    func()
	replaced func(*corev1.Secret)
}

// handle is what one rotator reaches the API server by. It can be cut off.
type handle struct {
	*api
	// before is called before each call; an error is what the rotator gets for it.
	before func(write bool) error
	// after is called after each write.
	after func() error
}

var errCut = errors.New("the rotator was killed")

func (h *handle) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if h.before != nil {
		if err := h.before(false); err != nil {
			return err
		}
	}
	found, ok := h.objects[name(into, key.Name)]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	switch into := into.(type) {
	case *corev1.Secret:
		found.(*corev1.Secret).DeepCopyInto(into)
	case *corev1.ConfigMap:
		found.(*corev1.ConfigMap).DeepCopyInto(into)
	case *admissionv1.ValidatingWebhookConfiguration:
		found.(*admissionv1.ValidatingWebhookConfiguration).DeepCopyInto(into)
	case *unstructured.Unstructured:
		found.(*unstructured.Unstructured).DeepCopyInto(into)
	}
	return nil
}

func (h *handle) Update(_ context.Context, object client.Object, _ ...client.UpdateOption) error {
	if h.before != nil {
		if err := h.before(true); err != nil {
			return err
		}
	}
	is, ok := h.objects[name(object, object.GetName())]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, object.GetName())
	}
	if is.GetResourceVersion() != object.GetResourceVersion() {
		return apierrors.NewConflict(schema.GroupResource{}, object.GetName(), errors.New("changed"))
	}
	if secret, ok := is.(*corev1.Secret); ok {
		h.replaced(secret)
	}
	h.put(object)
	if h.after != nil {
		return h.after()
	}
	return nil
}

// put writes an object of any version.
func (a *api) put(object client.Object) {
	a.version++
	object = object.DeepCopyObject().(client.Object)
	object.SetResourceVersion(strconv.Itoa(a.version))
	object.SetGeneration(int64(a.version))
	a.objects[name(object, object.GetName())] = object
	if a.wrote != nil {
		a.wrote()
	}
}

func name(object client.Object, name string) string {
	switch object.(type) {
	case *corev1.Secret:
		return "secret/" + name
	case *corev1.ConfigMap:
		return "configmap/" + name
	case *admissionv1.ValidatingWebhookConfiguration:
		return "webhooks/" + name
	}
	return "provider/" + name
}

func (a *api) secret() *corev1.Secret { return a.objects["secret/tls"].(*corev1.Secret).DeepCopy() }

func (a *api) provider(name string) *unstructured.Unstructured {
	return a.objects["provider/"+name].(*unstructured.Unstructured).DeepCopy()
}

func (a *api) providers() []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, key := range slices.Sorted(maps.Keys(a.objects)) {
		if p, ok := a.objects[key].(*unstructured.Unstructured); ok {
			all = append(all, p)
		}
	}
	return all
}
