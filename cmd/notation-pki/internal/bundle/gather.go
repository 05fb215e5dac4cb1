package bundle

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/input"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
)

// trust gathers what is trusted.
func (r *Request) trust() (*Trust, error) {
	t := &Trust{Policy: r.Policy, Scopes: r.Scopes, Identities: r.Identities, CAStore: r.Store, TSAStore: r.TSAStore,
		VerifyTimestamp: trustpolicy.TimestampOption(r.VerifyTimestamp)}
	if r.Kubernetes {
		t.ConfigMap, t.Namespace = r.ConfigMap, r.Namespace
	}
	if err := r.addBundles(t); err != nil {
		return nil, err
	}
	if len(r.CAFiles) == 0 || r.Command.Flags().Changed("root") {
		if err := r.addRoots(t); err != nil {
			return nil, err
		}
	}
	if err := r.addFiles(r.CAFiles, t.AddCA); err != nil {
		return nil, err
	}
	if err := r.addFiles(r.TSAFiles, t.AddTSA); err != nil {
		return nil, err
	}
	if len(t.Identities) == 0 {
		return t, r.addIdentities(t)
	}
	return t, nil
}

// addRoots adds the roots of the PKI folder that have not ended.
func (r *Request) addRoots(t *Trust) error {
	for _, which := range r.Roots {
		generations, err := r.generations(which)
		if err != nil {
			return err
		}
		for _, g := range generations {
			chain, err := g.Chain()
			if err != nil {
				return err
			}
			if ended := chain[0].NotAfter; ended.Before(time.Now()) && len(r.TSAFiles) == 0 {
				r.note("note: %s ended on %s and is left out", g, ended.Format(time.DateOnly))
				continue
			} else if ended.Before(time.Now()) {
				r.note("note: %s ended on %s and is kept for what was timestamped before; --root leaves it out", g, ended.Format(time.DateOnly))
			}
			if err := t.AddCA(fmt.Sprintf("%s-%d", g.Name, g.Number), chain[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// generations are all of a name, or the one that has the number.
func (r *Request) generations(which string) ([]layout.Generation, error) {
	g, err := r.PKI.Find(which)
	if err != nil || strings.Contains(which, "/") {
		return []layout.Generation{g}, err
	}
	return r.PKI.Generations(which)
}

func (r *Request) addFiles(paths []string, add func(name string, cert *x509.Certificate) error) error {
	for _, path := range paths {
		data, err := input.Read(r.Command, path)
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
func (r *Request) addIdentities(t *Trust) error {
	err := r.PKI.Chains(func(from layout.Generation, chain []*x509.Certificate) error {
		identity := ca.TrustedIdentity(chain[0])
		if rules.RoleOf(chain[0]) != rules.RoleSigner || slices.Contains(t.Identities, identity) {
			return nil
		}
		revoked, err := r.PKI.WhyRevoked(from)
		if err != nil {
			return err
		}
		if revoked != "" {
			r.note("note: left out: %s", revoked)
			return nil
		}
		t.Identities = append(t.Identities, identity)
		return nil
	})
	if err != nil {
		return err
	}
	if len(t.Identities) == 0 {
		return cli.UsageError(`--identity is missing, and there is no signer in %s to take it from; such as --identity "x509.subject: C=GB, ST=England, O=SKAO"`, r.PKI.Path)
	}
	return nil
}

// addSigner adds the key to sign with.
func (r *Request) addSigner(t *Trust) error {
	if r.Signer == "" {
		return nil
	}
	from, err := r.PKI.Find(r.Signer)
	if err != nil {
		return err
	}
	identity, err := from.Identity(r.Passphrase.Of(from.String()))
	if err != nil {
		return err
	}
	if role := rules.RoleOf(identity.Cert); role != rules.RoleSigner {
		return fmt.Errorf("%s is a certificate for another use (%s) and signs no images", from, role)
	}
	t.Signer, t.SignerName, t.InstallDir = identity, r.Store, r.InstallDir
	if t.InstallDir == "" {
		t.InstallDir = r.Out
	}
	return nil
}
