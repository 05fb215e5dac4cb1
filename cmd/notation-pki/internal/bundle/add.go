package bundle

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// AddBundle adds the statements and trust stores of another bundle, before those of t. Call it before [Trust.AddCA] and
// [Trust.AddTSA]. A store of the other bundle takes no certificate that it does not have, or its statement would trust
// that, too. A private key in the folder is not read.
func (t *Trust) AddBundle(folder string) error {
	snapshot, err := trust.Load(folder, filepath.Join(folder, dir.TrustStoreDir))
	if err != nil {
		return fmt.Errorf("%s is no trust bundle: %w", folder, err)
	}
	for _, p := range snapshot.Policies() {
		if p.Name() == t.Policy {
			return fmt.Errorf("%s has a statement %q already: name this one by --policy", folder, t.Policy)
		}
		if slices.ContainsFunc(t.earlier, func(e trustpolicy.TrustPolicy) bool { return e.Name == p.Name() }) {
			return fmt.Errorf("%s has a statement %q, and another bundle that is added to has one of that name: rename one", folder, p.Name())
		}
		statement := p.Document().TrustPolicies[0]
		statement.RegistryScopes = p.Scopes()
		t.earlier = append(t.earlier, statement)
	}
	return t.addStores(folder, snapshot.Certificates())
}

// addStores adds the stores of a folder with their certificates.
func (t *Trust) addStores(folder string, certificates []trust.Certificate) error {
	if t.stores == nil {
		t.stores, t.held = map[string][]byte{}, map[string][]string{}
	}
	stores, files := map[string][]string{}, map[string][]byte{}
	for _, c := range certificates {
		kind, store, _ := strings.Cut(c.Store, ":")
		file := dir.X509TrustStoreDir(kind, store, c.File)
		files[file] = append(files[file], ca.EncodeCertificates(c.Certificate)...)
		stores[c.Store] = append(stores[c.Store], ca.Thumbprint(c.Certificate))
	}
	for store, thumbprints := range stores {
		slices.Sort(thumbprints)
		if held, there := t.held[store]; there && !slices.Equal(held, thumbprints) {
			return fmt.Errorf("%s has a trust store %s, and another bundle that is added to has one of that name with other certificates: rename one", folder, store)
		}
	}
	maps.Copy(t.held, stores)
	maps.Copy(t.stores, files)
	return nil
}

// heldBy tells whether a store of the bundle that was added has a certificate. It is an error if the store is there
// without it.
func (t *Trust) heldBy(store, thumbprint, subject string) (bool, error) {
	held, there := t.held[store]
	if there && !slices.Contains(held, thumbprint) {
		return false, fmt.Errorf("the trust store %s of the bundle that is added to has no certificate %s, and its statement would trust that, too: "+
			"name another store, by --store or --tsa-store", store, printable.Quote(subject))
	}
	return there, nil
}

// checkShared refuses a store of the bundle that was added if it has more certificates than were named for the new
// statement. It would trust these, too.
func (t *Trust) checkShared() error {
	for store, named := range t.named {
		for _, thumbprint := range t.held[store] {
			if !slices.Contains(named, thumbprint) {
				return fmt.Errorf("the trust store %s of the bundle that is added to has another certificate (SHA-256 %s), and statement %q would trust that, too: "+
					"name another store, by --store or --tsa-store", store, thumbprint, t.Policy)
			}
		}
	}
	return nil
}

// addBundles adds those that were named.
func (r *Request) addBundles(t *Trust) error {
	for _, folder := range r.Bundles {
		if err := t.AddBundle(folder); err != nil {
			return err
		}
	}
	for _, statement := range t.earlier {
		if err := r.checkScopes(statement.RegistryScopes, fmt.Sprintf("statement %q of the bundle that is added to: scope", statement.Name)); err != nil {
			return err
		}
	}
	return nil
}
