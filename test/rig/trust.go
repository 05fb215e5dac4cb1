package rig

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Trust is what a provider, or notation, is told to trust.
type Trust struct {
	// Policies go into the trust policy as they are.
	Policies []trustpolicy.TrustPolicy

	// Stores are the certificates by the name that a policy gives their store, such as "ca:skao-oci" or "tsa:stamps".
	Stores map[string][]*x509.Certificate
}

// Trust trusts SKAO's root for the scopes, with the level strict and every identity.
func (w *Env) Trust(scopes ...string) Trust {
	return Trust{
		Policies: []trustpolicy.TrustPolicy{{
			Name:                  "skao",
			RegistryScopes:        scopes,
			SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: trustpolicy.LevelStrict.Name},
			TrustStores:           []string{"ca:skao-oci"},
			TrustedIdentities:     []string{"*"},
		}},
		Stores: map[string][]*x509.Certificate{"ca:skao-oci": {w.SKAO.Root.Cert}},
	}
}

// Add puts certificates into a store, "type:name", and lets every policy use it.
func (t *Trust) Add(store string, certs ...*x509.Certificate) {
	if t.Stores == nil {
		t.Stores = map[string][]*x509.Certificate{}
	}
	if _, there := t.Stores[store]; !there {
		for i := range t.Policies {
			t.Policies[i].TrustStores = append(t.Policies[i].TrustStores, store)
		}
	}
	t.Stores[store] = append(t.Stores[store], certs...)
}

// Document is the trust policy.
func (t Trust) Document() *trustpolicy.Document {
	return &trustpolicy.Document{Version: "1.0", TrustPolicies: t.Policies}
}

// Write writes trustpolicy.json and truststore/x509/<type>/<name>/*.pem below dir, where notation's own configuration
// directory has them, in place of any that were there.
func (t Trust) Write(dir string) error {
	stores := filepath.Join(dir, "truststore", "x509")
	if err := os.RemoveAll(stores); err != nil {
		return fmt.Errorf("removing the old trust stores: %w", err)
	}
	for name, certs := range t.Stores {
		kind, store, _ := strings.Cut(name, ":")
		if err := writeStore(filepath.Join(stores, kind, store), certs); err != nil {
			return fmt.Errorf("writing trust store %s: %w", name, err)
		}
	}
	policy, err := json.MarshalIndent(t.Document(), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the trust policy: %w", err)
	}
	// 0600, or notation warns about a policy that others may change.
	return os.WriteFile(filepath.Join(dir, "trustpolicy.json"), policy, 0o600)
}

func writeStore(dir string, certs []*x509.Certificate) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i, cert := range certs {
		path := filepath.Join(dir, fmt.Sprintf("%d.pem", i+1))
		if err := os.WriteFile(path, ca.EncodeCertificates(cert), 0o600); err != nil {
			return err
		}
	}
	return nil
}
