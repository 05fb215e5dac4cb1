package main

import (
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/bundle"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
)

// newBundle makes the verb bundle.
func newBundle() *cobra.Command {
	c := &cobra.Command{
		Use:   "bundle --scope SCOPE… --out FOLDER",
		Short: "Write what verifiers trust: notation's configuration folder, a ConfigMap",
		Long: `Writes a trust bundle: trustpolicy.json and truststore/, in the form that notation and
notation-provider read. It holds the roots that have not ended; with --tsa also those that
have ended. It holds no private key.

Without --identity the policy trusts the subjects of the signers in the PKI folder, and no
others.

With --add the bundle has the statements and trust stores of another as well, such as that of
one's own CA beside that of a vendor's. No statement is replaced, and no trust store of the
other bundle gets a certificate that it has not.

With --kubernetes it also writes two files for the cluster. kubernetes/configmap.yaml holds
the whole bundle (kubectl apply -f). kubernetes/values.yaml tells the chart to mount it
(helm -f).

With --signer it writes a folder to sign with: localkeys/ and signingkeys.json are added.
The key is NOT encrypted, since notation reads no other. Keep such a folder on the machine
that signs, and only for as long as it signs. It is not a trust bundle any more.`,
		Example: `  # For notation, on any machine:
  notation-pki bundle --scope '*' --out ~/.config/notation

  # For the cluster, with the root of the timestamp authority that the pipeline uses:
  notation-pki bundle --scope 'harbor.skao.int/production/*' \
    --tsa DigiCertTrustedRootG4.crt.pem --kubernetes --out trust
  kubectl apply -f trust/kubernetes/configmap.yaml
  helm upgrade notation-provider charts/notation-provider -n notation-provider \
    --reset-then-reuse-values -f trust/kubernetes/values.yaml

  # The same, and a vendor's CA:
  notation-pki bundle --add trust --policy vendor --store vendor --ca vendor-root.pem \
    --identity 'x509.subject: C=DE, ST=Bavaria, O=Vendor' \
    --scope 'harbor.skao.int/vendor/*' --kubernetes --out trust-2

  # To sign with notation:
  notation-pki bundle --scope '*' --signer signer --out ~/.config/notation`,
		Args: cli.NoArgs,
	}
	r := &bundle.Request{Command: c}
	output := cli.AddOutput(c)
	addTrustFlags(c, r)
	flags := c.Flags()
	flags.StringVar(&r.Out, "out", "", "`FOLDER` to write; it must be new or empty")
	flags.StringVar(&r.Signer, "signer", "", "`NAME[/GENERATION]` of a signer whose key is added, NOT encrypted, to sign with")
	flags.StringVar(&r.InstallDir, "install-dir", "", "with --signer: `FOLDER` where notation will find the bundle; default: --out")
	flags.BoolVar(&r.Kubernetes, "kubernetes", false, "write the ConfigMap and the chart's values too")
	flags.StringVar(&r.ConfigMap, "configmap", "notation-provider-trust", "`NAME` of the ConfigMap")
	flags.StringVar(&r.Namespace, "namespace", "notation-provider", "`NAMESPACE` of the ConfigMap: that of the chart")
	r.Passphrase = passphrase.Add(c, "", "the signer's key")
	c.RunE = func(*cobra.Command, []string) error {
		written, err := r.Run()
		if err != nil {
			return err
		}
		return output.Print(c, written)
	}
	return c
}

// addTrustFlags adds the flags that say whom to trust, and for which repositories.
func addTrustFlags(c *cobra.Command, r *bundle.Request) {
	flags := c.Flags()
	addDir(c, &r.PKI)
	flags.StringArrayVar(&r.Bundles, "add", nil, "`FOLDER` of a bundle whose statements and trust stores are added to; repeatable")
	flags.StringArrayVar(&r.Scopes, "scope", nil, "registry `SCOPE` of the policy: a repository, * for all, or for notation-provider alone a prefix such as harbor.skao.int/production/*; repeatable")
	flags.StringArrayVar(&r.Identities, "identity", nil, `trusted `+"`IDENTITY`"+`, such as "x509.subject: C=GB, ST=England, O=SKAO"; default: the subjects of the signers in the PKI folder; repeatable`)
	flags.StringVar(&r.Policy, "policy", "images", "`NAME` of the policy's statement")
	flags.StringVar(&r.Store, "store", "images", "`NAME` of the trust store of type ca")
	flags.StringArrayVar(&r.Roots, "root", []string{"root"}, "`NAME[/GENERATION]` of a root; default generations: all that have not ended, with --tsa all; repeatable")
	flags.StringArrayVar(&r.CAFiles, "ca", nil, "`FILE` with roots that were made elsewhere; they replace those in the PKI folder, unless --root is given; repeatable")
	flags.StringArrayVar(&r.TSAFiles, "tsa", nil, "`FILE` with the root of a timestamp authority; timestamped signatures outlive their certificates; repeatable")
	flags.StringVar(&r.TSAStore, "tsa-store", "timestamps", "`NAME` of the trust store of type tsa")
	flags.StringVar(&r.VerifyTimestamp, "verify-timestamp", string(trustpolicy.OptionAfterCertExpiry), "with --tsa: `WHEN` a timestamp is needed: always or afterCertExpiry")
	cli.Complete(c, "verify-timestamp", string(trustpolicy.OptionAlways), string(trustpolicy.OptionAfterCertExpiry))
}
