package ratify

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// acme is the world of the example: a registry that asks for a password, a signer whose
// certificate has ended, and a timestamp authority.
type acme struct {
	*rig.Test

	registry *rig.Registry
	pki      *rig.PKI
	dir      string // config.yaml and what it names
}

func newAcme(t *testing.T) *acme {
	t.Helper()
	w := &acme{Test: rig.ForTest(t), dir: t.TempDir()}
	w.registry = w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	w.pki = w.NewPKI(rig.PKIOptions{Organization: "Acme"})
	return w
}

// signed pushes an image that Acme signed while the signer's certificate held.
func (w *acme) signed(repository string) string {
	then := time.Now().AddDate(0, -1, -7)
	signer := w.NewSigner(w.pki, ca.Options{NotBefore: then.AddDate(0, -1, 0), NotAfter: then.AddDate(0, 0, 7)})
	image := w.PushImage(w.registry, repository, "1")
	w.Sign(image, rig.Signature{By: signer, TSA: w.TSA, Options: ca.SignOptions{SigningTime: then}})
	return image.Tagged()
}

// signedBySKAO pushes an image that another organization signed.
func (w *acme) signedBySKAO(repository string) string {
	image := w.PushImage(w.registry, repository, "1")
	w.Sign(image, rig.Signature{})
	return image.Tagged()
}

// unsigned pushes an image.
func (w *acme) unsigned(repository string) string {
	return w.PushImage(w.registry, repository, "1").Tagged()
}

// install writes the values as the chart mounts them, with the registry and the roots of this
// world in the place of the example's.
func (w *acme) install(t *testing.T) (configFile string) {
	t.Helper()
	var v values
	decode(t, bytes.ReplaceAll(readFile(t, valuesFile), []byte(registryHost), []byte(w.registry.Host)), &v)
	v.Trust.Stores["ca"]["acme"] = string(ca.EncodeCertificates(w.pki.Root.Cert))
	v.Trust.Stores["tsa"]["stamps"] = string(ca.EncodeCertificates(w.TSA.Root()))

	v.Config["registries"].([]any)[0].(map[string]any)["caFile"] = "registry.pem"
	v.Config["dockerConfigs"] = []string{w.WriteDockerConfig(w.registry)}
	door := w.WriteServerFiles()
	v.Config["tls"] = map[string]string{"certFile": door.CertFile, "keyFile": door.KeyFile, "clientCAFile": door.ClientCAFile}

	configuration, err := yaml.Marshal(v.Config)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := json.Marshal(v.Trust.Policy)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "config.yaml", string(configuration))
	w.write(t, "trustpolicy.json", string(policy))
	w.write(t, "registry.pem", string(w.registry.CAPEM()))
	for kind, stores := range v.Trust.Stores {
		for name, certificates := range stores {
			w.write(t, filepath.Join("truststore", "x509", kind, name, "certificates.pem"), certificates)
		}
	}
	return filepath.Join(w.dir, "config.yaml")
}

func (w *acme) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
