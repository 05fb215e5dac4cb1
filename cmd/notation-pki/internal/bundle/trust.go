package bundle

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"github.com/notaryproject/notation-go/config"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Trust is what a bundle says.
type Trust struct {
	// Policy names the statement of the trust policy. Scopes and Identities are its registry scopes and trusted
	// identities; its level is strict.
	Policy             string
	Scopes, Identities []string

	// CAStore and TSAStore name the trust stores. The latter is there only once a root was added to it, and then
	// VerifyTimestamp tells when a timestamp is needed.
	CAStore, TSAStore string
	VerifyTimestamp   trustpolicy.TimestampOption

	// Signer, where it is not nil, makes a folder to sign with, in which its key goes by SignerName. InstallDir is where
	// notation will find the folder: signingkeys.json holds whole paths.
	Signer                 *ca.Identity
	SignerName, InstallDir string

	// ConfigMap is the name of the ConfigMap to write, and Namespace its namespace. Default: none is written.
	ConfigMap, Namespace string

	stores  map[string][]byte         // certificates in PEM, by path below the folder
	earlier []trustpolicy.TrustPolicy // statements of bundles that were added
	held    map[string][]string       // thumbprints in the stores of those bundles
	named   map[string][]string       // thumbprints that the new statement is to trust, by store
}

// AddCA trusts a root, or a signer that vouches for itself. Without a name its file is named by its fingerprint.
func (t *Trust) AddCA(name string, cert *x509.Certificate) error {
	if !selfIssued(cert) {
		return fmt.Errorf("%s is issued by %s; a trust store holds roots, and signatures bring the rest along", printable.Quote(cert.Subject), printable.Quote(cert.Issuer))
	}
	return t.add(truststore.TypeCA, t.CAStore, name, cert)
}

// AddTSA trusts the root of a timestamp authority.
func (t *Trust) AddTSA(name string, cert *x509.Certificate) error {
	if !selfIssued(cert) || !cert.IsCA {
		return fmt.Errorf("%s is no root CA; notation takes nothing else into a tsa trust store", printable.Quote(cert.Subject))
	}
	return t.add(truststore.TypeTSA, t.TSAStore, name, cert)
}

func selfIssued(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer) &&
		keysize.CheckSignatureBy(cert, cert) == nil
}

func (t *Trust) add(kind truststore.Type, store, name string, cert *x509.Certificate) error {
	if t.stores == nil {
		t.stores = map[string][]byte{}
	}
	if t.named == nil {
		t.named = map[string][]string{}
	}
	thumbprint := ca.Thumbprint(cert)
	t.named[string(kind)+":"+store] = append(t.named[string(kind)+":"+store], thumbprint)
	if held, err := t.heldBy(string(kind)+":"+store, thumbprint, cert.Subject.String()); held || err != nil {
		return err
	}
	if name == "" {
		name = thumbprint[:16]
	}
	file := dir.X509TrustStoreDir(string(kind), store, name+".pem")
	if path.Base(path.Dir(file)) != store {
		return fmt.Errorf("%q is no name for a trust store", store)
	}
	t.stores[file] = ca.EncodeCertificates(cert)
	return nil
}

// names tells whether the new statement is to trust something in a store of a kind. A store of a bundle that was added is
// none of its business otherwise.
func (t *Trust) names(kind truststore.Type, store string) bool {
	return len(t.named[string(kind)+":"+store]) > 0
}

// Files are those of the bundle, by path below its folder.
func (t *Trust) Files() (map[string][]byte, error) {
	if !t.names(truststore.TypeCA, t.CAStore) {
		return nil, errors.New("there is no root to trust: all have ended")
	}
	if err := t.checkShared(); err != nil {
		return nil, err
	}
	policy, err := indented(t.document())
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{dir.PathTrustPolicy: policy}
	for file, content := range t.stores {
		files[file] = content
	}
	if t.ConfigMap != "" {
		if err := t.addKubernetes(files); err != nil {
			return nil, err
		}
	}
	if t.Signer != nil {
		return files, t.addKeys(files)
	}
	return files, nil
}

func (t *Trust) document() *trustpolicy.Document {
	statement := trustpolicy.TrustPolicy{
		Name:                  t.Policy,
		RegistryScopes:        t.Scopes,
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: trustpolicy.LevelStrict.Name},
		TrustStores:           []string{string(truststore.TypeCA) + ":" + t.CAStore},
		TrustedIdentities:     t.Identities,
	}
	if t.names(truststore.TypeTSA, t.TSAStore) {
		statement.TrustStores = append(statement.TrustStores, string(truststore.TypeTSA)+":"+t.TSAStore)
		statement.SignatureVerification.VerifyTimestamp = t.VerifyTimestamp
	}
	return &trustpolicy.Document{Version: "1.0", TrustPolicies: append(slices.Clone(t.earlier), statement)}
}

// addKeys adds what notation signs with: its key must not be encrypted, and its paths must be whole.
func (t *Trust) addKeys(files map[string][]byte) error {
	key, err := ca.EncodeKey(t.Signer.Key)
	if err != nil {
		return err
	}
	install, err := filepath.Abs(t.InstallDir)
	if err != nil {
		return err
	}
	keyFile, certFile := dir.LocalKeyPath(t.SignerName)
	signing, err := indented(config.SigningKeys{Default: &t.SignerName, Keys: []config.KeySuite{{
		Name: t.SignerName,
		X509KeyPair: &config.X509KeyPair{
			KeyPath:         filepath.Join(install, filepath.FromSlash(keyFile)),
			CertificatePath: filepath.Join(install, filepath.FromSlash(certFile)),
		},
	}}})
	if err != nil {
		return err
	}
	files[keyFile], files[certFile] = key, ca.EncodeCertificates(t.Signer.Chain...)
	files[dir.PathSigningKeys] = signing
	return nil
}

func indented(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}
