// Package admission decides on pods as a cluster does, without one: Gatekeeper's own
// engine with our constraint templates, asking a real provider over mutual TLS as
// Gatekeeper.
package admission

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/policies"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// ProviderName is what constraints call the provider.
const ProviderName = "notation-provider"

// Open makes an engine with the SignedImages and PinnedImages templates and the
// given constraints, in YAML, that asks the server at url, "https://host:port". The
// timeout of a request is in whole seconds. Dir is for its certificate.
func Open(ctx context.Context, w *rig.Env, dir, url string, timeout int, constraints ...string) (*engine.Engine, error) {
	identity, err := gatekeeper(w, dir)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(engine.Options{
		Identity: identity,
		Providers: []engine.Provider{{
			Name:     ProviderName,
			URL:      url + "/validate",
			CABundle: ca.EncodeCertificates(w.ServerCA.Cert),
			Timeout:  timeout,
		}},
	})
	if err != nil {
		return nil, err
	}
	if err := load(ctx, e, constraints); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// gatekeeper is Gatekeeper's own client certificate.
func gatekeeper(w *rig.Env, dir string) (*engine.Identity, error) {
	key, err := ca.EncodeKey(w.ClientCert.Key)
	if err != nil {
		return nil, err
	}
	certFile, keyFile := filepath.Join(dir, "gatekeeper.crt"), filepath.Join(dir, "gatekeeper.key")
	if err := os.WriteFile(certFile, ca.EncodeCertificates(w.ClientCert.Chain...), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		return nil, err
	}
	return engine.LoadIdentity(certFile, keyFile)
}

func load(ctx context.Context, e *engine.Engine, constraints []string) error {
	var objects []*unstructured.Unstructured
	for _, policy := range []string{"signedimages", "pinnedimages"} {
		text, err := policies.Templates.ReadFile(policy + "/template.yaml")
		if err != nil {
			return err
		}
		constraints = append([]string{string(text)}, constraints...)
	}
	for _, text := range constraints {
		object, err := Read(text)
		if err != nil {
			return err
		}
		objects = append(objects, object)
	}
	return e.Load(ctx, objects...)
}

// Read reads one object in YAML.
func Read(text string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	return object, nil
}

// Pod makes a pod with these images in its containers.
func Pod(name string, images ...string) *unstructured.Unstructured {
	var containers []any
	for i, image := range images {
		containers = append(containers, map[string]any{"name": fmt.Sprintf("c%d", i), "image": image})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": name, "namespace": "default"},
		"spec":     map[string]any{"containers": containers},
	}}
}
