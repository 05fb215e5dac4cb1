package bundle

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Request asks for a bundle.
type Request struct {
	// Command is told notes, and its flags say what was set on the command line.
	Command *cobra.Command

	PKI layout.Folder

	// Out is the folder to write, new or empty. InstallDir is where notation will find a folder to sign with; default: Out.
	Out, InstallDir string

	// Policy, Store and TSAStore name the policy's statement and its trust stores.
	Policy, Store, TSAStore string

	// VerifyTimestamp is when a timestamp is needed, with TSAFiles: "always" or "afterCertExpiry".
	VerifyTimestamp string

	// Roots are "NAME" or "NAME/GENERATION" of roots in the PKI folder; CAFiles and TSAFiles hold roots made elsewhere.
	Roots, CAFiles, TSAFiles []string

	// Scopes are the policy's registry scopes. Identities are whom it trusts; default: the signers in the PKI folder.
	Scopes, Identities []string

	// Signer is "NAME" or "NAME/GENERATION" of a signer whose key is added, unencrypted. Empty: none.
	Signer string

	// Kubernetes adds a ConfigMap of that name and namespace, and the chart's values.
	Kubernetes           bool
	ConfigMap, Namespace string

	// Bundles are folders with bundles whose statements and trust stores the new one has as well.
	Bundles []string

	Passphrase *passphrase.Source // of the signer's key
}

func (r *Request) note(format string, args ...any) { cli.Note(r.Command, format, args...) }

// Run writes the bundle.
func (r *Request) Run() (Bundle, error) {
	if err := r.check(); err != nil {
		return Bundle{}, err
	}
	trust, err := r.trust()
	if err != nil {
		return Bundle{}, err
	}
	if err := r.addSigner(trust); err != nil {
		return Bundle{}, err
	}
	files, err := trust.Files()
	if err != nil {
		return Bundle{}, err
	}
	warnings, err := Write(r.Out, files)
	if err != nil && len(r.Identities) == 0 {
		return Bundle{}, fmt.Errorf("%w; the identities are the subjects of all signers in %s: name by --identity whom to trust", err, r.PKI.Path)
	}
	if err != nil {
		return Bundle{}, err
	}
	for _, warning := range warnings {
		r.note("note: %s", warning)
	}
	if r.Kubernetes && len(r.Bundles) == 0 {
		r.note("note: the ConfigMap %s trusts by the statement %q alone; applied over another of that name, it takes the other's statements away: keep them with --add FOLDER", r.ConfigMap, r.Policy)
	}
	if r.Signer != "" {
		r.note("note: %s holds a private key that is NOT encrypted", r.Out)
	}
	return newBundle(r.Out, files, trust), nil
}

// check checks the command line.
func (r *Request) check() error {
	switch {
	case r.Out == "":
		return cli.UsageError("--out is missing: the folder to write")
	case len(r.Scopes) == 0:
		return cli.UsageError("--scope is missing: the repositories that the policy covers, such as 'harbor.skao.int/production/*', or '*' for all")
	case r.PKI.Contains(r.Out):
		return cli.UsageError("--out %s is in the PKI folder, where it would pass for a certificate; name another", r.Out)
	case r.Kubernetes && len(validation.IsDNS1123Subdomain(r.ConfigMap)) > 0:
		return cli.UsageError("--configmap %q is no name for a ConfigMap: %s", r.ConfigMap, strings.Join(validation.IsDNS1123Subdomain(r.ConfigMap), "; "))
	case r.Kubernetes && len(validation.IsDNS1123Label(r.Namespace)) > 0:
		return cli.UsageError("--namespace %q is no name for a namespace: %s", r.Namespace, strings.Join(validation.IsDNS1123Label(r.Namespace), "; "))
	case r.Signer != "" && r.Kubernetes:
		return cli.UsageError("--signer and --kubernetes: a private key has no place in what a cluster trusts")
	case r.InstallDir != "" && r.Signer == "":
		return cli.UsageError("--install-dir goes with --signer")
	case r.Command.Flags().Changed("verify-timestamp") && len(r.TSAFiles) == 0:
		return cli.UsageError("--verify-timestamp goes with --tsa")
	}
	if err := r.checkIdentities(); err != nil {
		return err
	}
	return r.checkScopes(r.Scopes, "--scope")
}

// checkIdentities rewrites the identities so that notation can read them, and refuses those that match nothing.
func (r *Request) checkIdentities() error {
	for i, identity := range r.Identities {
		rewritten, err := ca.RewriteIdentity(identity)
		if err != nil {
			return cli.UsageError("--identity %s: %w", printable.Quote(identity), err)
		}
		r.Identities[i] = rewritten
		if strings.Contains(strings.ToLower(identity), "emailaddress=") {
			return cli.UsageError("--identity %s would never match: notation cannot read a certificate's name with an emailAddress in it; leave it out, and issue signers with the address as a subject alternative name", printable.Quote(identity))
		}
	}
	return nil
}

// checkScopes refuses prefixes in a bundle for notation.
func (r *Request) checkScopes(scopes []string, whose string) error {
	for _, scope := range scopes {
		if !r.Kubernetes && strings.HasSuffix(scope, "/*") {
			return cli.UsageError("%s %q: notation takes repositories and * only; prefixes are for notation-provider: add --kubernetes, or name the repositories", whose, scope)
		}
	}
	return nil
}
