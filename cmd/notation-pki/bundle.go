package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/bundle"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// bundling is a command line that asks for what verifiers trust.
type bundling struct {
	*cobra.Command

	output *output
	pki    layout.Folder

	out, installDir          string
	store, policy, tsaStore  string
	verifyTimestamp          string
	roots, caFiles, tsaFiles []string
	scopes, identities       []string
	signer                   string
	kubernetes               bool
	configMap, namespace     string
	passphrase               *passphrase
}

// newBundle makes the verb bundle.
func newBundle() *cobra.Command {
	c := &cobra.Command{
		Use:   "bundle --scope SCOPE… --out FOLDER",
		Short: "Write what verifiers trust: notation's configuration folder, a ConfigMap",
		Long: `Writes a trust bundle: trustpolicy.json and truststore/ as notation and notation-provider
read them, made of the roots that have not ended (with --tsa, those that have as well). Without --identity the policy trusts the
subjects of the signers in the PKI folder, and nobody else. It holds no private key.

With --kubernetes there are also kubernetes/configmap.yaml, with all of it, for the
namespace notation-provider (kubectl apply -f), and kubernetes/values.yaml, which tells
the chart to mount it (helm -f).

With --signer it is a folder to sign with: localkeys/ and signingkeys.json are added, and
the key is NOT encrypted, for notation reads no other. Keep such a folder on the machine
that signs, for as long as it signs; it is no trust bundle any more.`,
		Example: `  # For notation, on any machine:
  notation-pki bundle --scope '*' --out ~/.config/notation

  # For the cluster, with the root of the timestamp authority that the pipeline uses:
  notation-pki bundle --scope 'harbor.skao.int/production/*' --tsa DigiCertTrustedRootG4.crt.pem --kubernetes --out trust
  kubectl apply -f trust/kubernetes/configmap.yaml
  helm upgrade notation-provider charts/notation-provider -n notation-provider --reset-then-reuse-values -f trust/kubernetes/values.yaml

  # To sign with notation:
  notation-pki bundle --scope '*' --signer signer --out ~/.config/notation`,
		Args: noArgs,
	}
	b := &bundling{Command: c, output: addOutput(c)}
	flags := c.Flags()
	addDir(c, &b.pki)
	flags.StringVar(&b.out, "out", "", "`FOLDER` to write; it must be new or empty")
	flags.StringArrayVar(&b.scopes, "scope", nil, "registry `SCOPE` that the policy covers: a repository, * for all, or for notation-provider alone a prefix such as harbor.skao.int/production/*")
	flags.StringArrayVar(&b.identities, "identity", nil, `trusted `+"`IDENTITY`"+`, such as "x509.subject: C=GB, ST=England, O=SKAO"; default: the subjects of the signers in the PKI folder`)
	flags.StringVar(&b.policy, "policy", "skao", "`NAME` of the policy's statement")
	flags.StringVar(&b.store, "store", "skao-oci", "`NAME` of the trust store of type ca")
	flags.StringArrayVar(&b.roots, "root", []string{"root"}, "`NAME[/GENERATION]` of a root; without a number all its generations that have not ended, with --tsa all")
	flags.StringArrayVar(&b.caFiles, "ca", nil, "`FILE` with further roots, made elsewhere; without --root given, instead of those in the PKI folder")
	flags.StringArrayVar(&b.tsaFiles, "tsa", nil, "`FILE` with the root of a timestamp authority, so that signatures outlive their certificates")
	flags.StringVar(&b.tsaStore, "tsa-store", "timestamps", "`NAME` of the trust store of type tsa")
	flags.StringVar(&b.verifyTimestamp, "verify-timestamp", string(trustpolicy.OptionAfterCertExpiry), "with --tsa: `WHEN` a timestamp is needed: always, or afterCertExpiry only")
	flags.StringVar(&b.signer, "signer", "", "`NAME[/GENERATION]` of a signer whose key is added, NOT encrypted, to sign with")
	flags.StringVar(&b.installDir, "install-dir", "", "with --signer: `FOLDER` where notation will find it, if that is not --out")
	flags.BoolVar(&b.kubernetes, "kubernetes", false, "write the ConfigMap and the chart's values too")
	flags.StringVar(&b.configMap, "configmap", "notation-provider-trust", "`NAME` of the ConfigMap")
	flags.StringVar(&b.namespace, "namespace", "notation-provider", "`NAMESPACE` of the ConfigMap: that of the chart")
	b.passphrase = addPassphrase(c, "", "the signer's key")
	c.RunE = func(*cobra.Command, []string) error { return b.run() }
	return c
}

func (b *bundling) run() error {
	if err := b.check(); err != nil {
		return err
	}
	trust, err := b.trust()
	if err != nil {
		return err
	}
	if err := b.addSigner(trust); err != nil {
		return err
	}
	files, err := trust.Files()
	if err != nil {
		return err
	}
	warnings, err := bundle.Write(b.out, files)
	if err != nil && len(b.identities) == 0 {
		return fmt.Errorf("%w; the identities are the subjects of all signers in %s: name by --identity whom to trust", err, b.pki.Path)
	}
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		note(b.Command, "note: %s", warning)
	}
	if b.signer != "" {
		note(b.Command, "note: %s holds a private key that is NOT encrypted", b.out)
	}
	return b.output.print(b.Command, newBundled(b.out, files, trust))
}

func (b *bundling) check() error {
	if err := b.output.check(); err != nil {
		return err
	}
	switch {
	case b.out == "":
		return usageError("--out is missing: the folder to write")
	case len(b.scopes) == 0:
		return usageError("--scope is missing: the repositories that the policy covers, such as 'harbor.skao.int/production/*', or '*' for all")
	case inside(b.out, b.pki.Path):
		return usageError("--out %s is in the PKI folder, where it would pass for a certificate; name another", b.out)
	case b.kubernetes && len(validation.IsDNS1123Subdomain(b.configMap)) > 0:
		return usageError("--configmap %q is no name for a ConfigMap: %s", b.configMap, strings.Join(validation.IsDNS1123Subdomain(b.configMap), "; "))
	case b.kubernetes && len(validation.IsDNS1123Label(b.namespace)) > 0:
		return usageError("--namespace %q is no name for a namespace: %s", b.namespace, strings.Join(validation.IsDNS1123Label(b.namespace), "; "))
	case b.signer != "" && b.kubernetes:
		return usageError("--signer and --kubernetes: a private key has no place in what a cluster trusts")
	case b.installDir != "" && b.signer == "":
		return usageError("--install-dir goes with --signer")
	case b.Flags().Changed("verify-timestamp") && len(b.tsaFiles) == 0:
		return usageError("--verify-timestamp goes with --tsa")
	}
	for i, identity := range b.identities {
		rewritten, err := ca.RewriteIdentity(identity)
		if err != nil {
			return usageError("--identity %s: %w", printable.Quote(identity), err)
		}
		b.identities[i] = rewritten
		if strings.Contains(strings.ToLower(identity), "emailaddress=") {
			return usageError("--identity %s would never match: notation cannot read a certificate's name with an emailAddress in it; leave it out, and issue signers with the address as a subject alternative name", printable.Quote(identity))
		}
	}
	for _, scope := range b.scopes {
		if !b.kubernetes && strings.HasSuffix(scope, "/*") {
			return usageError("--scope %q: notation takes repositories and * only; prefixes are for notation-provider: add --kubernetes, or name the repositories", scope)
		}
	}
	return nil
}

// trust gathers what is trusted.
func (b *bundling) trust() (*bundle.Trust, error) {
	t := &bundle.Trust{Policy: b.policy, Scopes: b.scopes, Identities: b.identities, CAStore: b.store, TSAStore: b.tsaStore,
		VerifyTimestamp: trustpolicy.TimestampOption(b.verifyTimestamp)}
	if b.kubernetes {
		t.ConfigMap, t.Namespace = b.configMap, b.namespace
	}
	if len(b.caFiles) == 0 || b.Flags().Changed("root") {
		if err := b.addRoots(t); err != nil {
			return nil, err
		}
	}
	if err := b.addFiles(b.caFiles, t.AddCA); err != nil {
		return nil, err
	}
	if err := b.addFiles(b.tsaFiles, t.AddTSA); err != nil {
		return nil, err
	}
	if len(t.Identities) == 0 {
		return t, b.addIdentities(t)
	}
	return t, nil
}

// addRoots adds the roots of the PKI folder that have not ended.
func (b *bundling) addRoots(t *bundle.Trust) error {
	for _, which := range b.roots {
		generations, err := b.generations(which)
		if err != nil {
			return err
		}
		for _, g := range generations {
			chain, err := g.Chain()
			if err != nil {
				return err
			}
			if ended := chain[0].NotAfter; ended.Before(time.Now()) && len(b.tsaFiles) == 0 {
				note(b.Command, "note: %s ended on %s and is left out", g, ended.Format(time.DateOnly))
				continue
			} else if ended.Before(time.Now()) {
				note(b.Command, "note: %s ended on %s and is kept for what was timestamped before; --root leaves it out", g, ended.Format(time.DateOnly))
			}
			if err := t.AddCA(fmt.Sprintf("%s-%d", g.Name, g.Number), chain[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// generations are all of a name, or the one that has the number.
func (b *bundling) generations(which string) ([]layout.Generation, error) {
	g, err := b.pki.Find(which)
	if err != nil || strings.Contains(which, "/") {
		return []layout.Generation{g}, err
	}
	return b.pki.Generations(which)
}

func (b *bundling) addFiles(paths []string, add func(name string, cert *x509.Certificate) error) error {
	for _, path := range paths {
		data, err := readInput(b.Command, path)
		if err != nil {
			return err
		}
		certs, err := certfile.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, cert := range certs {
			if err := add("", cert); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return nil
}

// addIdentities trusts the signers in the PKI folder that are not revoked, each subject once.
func (b *bundling) addIdentities(t *bundle.Trust) error {
	all, err := b.pki.All()
	if err != nil {
		return err
	}
	for _, g := range all {
		chain, err := g.Chain()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is no generation of a certificate
		}
		if err != nil {
			return err
		}
		identity := ca.TrustedIdentity(chain[0])
		if rules.RoleOf(chain[0]) != rules.RoleSigner || slices.Contains(t.Identities, identity) {
			continue
		}
		revoked, err := whyRevoked(b.pki, g)
		if err != nil {
			return err
		}
		if revoked != "" {
			note(b.Command, "note: left out: %s", revoked)
			continue
		}
		t.Identities = append(t.Identities, identity)
	}
	if len(t.Identities) == 0 {
		return usageError(`--identity is missing, and there is no signer in %s to take it from; such as --identity "x509.subject: C=GB, ST=England, O=SKAO"`, b.pki.Path)
	}
	return nil
}

// addSigner adds the key to sign with.
func (b *bundling) addSigner(t *bundle.Trust) error {
	if b.signer == "" {
		return nil
	}
	from, err := b.pki.Find(b.signer)
	if err != nil {
		return err
	}
	b.passphrase.of = from.String()
	identity, err := from.Identity(b.passphrase.get)
	if err != nil {
		return err
	}
	if role := rules.RoleOf(identity.Cert); role != rules.RoleSigner {
		return fmt.Errorf("%s is a certificate for another use (%s) and signs no images", from, role)
	}
	t.Signer, t.SignerName, t.InstallDir = identity, b.store, b.installDir
	if t.InstallDir == "" {
		t.InstallDir = b.out
	}
	return nil
}

// bundled is the result.
type bundled struct {
	Folder     string   `json:"folder"`
	Files      []string `json:"files"`
	Scopes     []string `json:"scopes"`
	Identities []string `json:"identities"`
	PrivateKey bool     `json:"privateKey"`
}

func newBundled(out string, files map[string][]byte, t *bundle.Trust) bundled {
	result := bundled{Folder: out, Scopes: t.Scopes, Identities: t.Identities, PrivateKey: t.Signer != nil}
	for name := range files {
		result.Files = append(result.Files, name)
	}
	slices.Sort(result.Files)
	return result
}

func (b bundled) text() string {
	var s strings.Builder
	fmt.Fprintln(&s, b.Folder)
	for _, name := range b.Files {
		fmt.Fprintf(&s, "  %s\n", name)
	}
	for _, scope := range b.Scopes {
		fmt.Fprintf(&s, "covers  %s\n", printable.Text(scope))
	}
	for _, identity := range b.Identities {
		fmt.Fprintf(&s, "trusts  %s\n", printable.Text(identity))
	}
	return s.String()
}
