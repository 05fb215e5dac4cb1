package controllers

import (
	"context"
	"encoding/base64"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// ProviderKind is Gatekeeper's external data provider. Its Go type is not used: that would
// link Gatekeeper's framework, and an update through it would lose fields of a newer version.
func ProviderKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "externaldata.gatekeeper.sh", Version: "v1beta1", Kind: "Provider"}
}

// providers reads the Providers that exist. There may be none yet, or not even their kind,
// while Gatekeeper is being installed.
func (c *Serving) providers(ctx context.Context) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, name := range c.Providers {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(ProviderKind())
		switch err := c.Store.Get(ctx, client.ObjectKey{Name: name}, object); {
		case apierrors.IsNotFound(err):
			c.Log.WarnContext(ctx, "a provider does not exist; it gets its caBundle when it does", "provider", name)
		case err != nil:
			return nil, fmt.Errorf("reading Provider %q: %w", name, err)
		default:
			all = append(all, object)
		}
	}
	return all, nil
}

// seen is what counts of a Provider.
func seen(object *unstructured.Unstructured) serving.Provider {
	text, _, _ := unstructured.NestedString(object.Object, "spec", "caBundle") // none, if it is no text
	bundle, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		bundle = nil // no client can use it
	}
	return serving.Provider{
		Name: object.GetName(), Bundle: bundle, Written: object.GetAnnotations()[serving.BundleAnnotation], Lagging: lagging(object),
	}
}

// lagging tells whether a replica of Gatekeeper reports that it has an older version. A
// Gatekeeper that reports nothing is not lagging.
func lagging(object *unstructured.Unstructured) bool {
	pods, _, _ := unstructured.NestedSlice(object.Object, "status", "byPod")
	for _, pod := range pods {
		fields, _ := pod.(map[string]any)
		generation, found, err := unstructured.NestedInt64(fields, "observedGeneration")
		if found && err == nil && generation < object.GetGeneration() {
			return true
		}
	}
	return false
}

// publish writes the caBundle into the first Provider that does not hold it.
func (c *Serving) publish(ctx context.Context, state serving.State, providers []*unstructured.Unstructured) error {
	for _, object := range providers {
		if state.Holds(seen(object)) {
			continue
		}
		bundle := state.Bundle()
		if err := unstructured.SetNestedField(object.Object, base64.StdEncoding.EncodeToString(bundle), "spec", "caBundle"); err != nil {
			return fmt.Errorf("setting the caBundle of Provider %q: %w", object.GetName(), err)
		}
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[serving.BundleAnnotation] = serving.Digest(bundle)
		object.SetAnnotations(annotations)
		if err := c.Store.Update(ctx, object, client.FieldOwner(FieldOwner)); err != nil {
			return fmt.Errorf("writing the caBundle of Provider %q: %w", object.GetName(), err)
		}
		return nil
	}
	return nil
}
