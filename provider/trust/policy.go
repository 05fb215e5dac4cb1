package trust

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// Policy is one statement of the trust policy with the certificates of the trust
// stores it names. It is immutable.
type Policy struct {
	statement   trustpolicy.TrustPolicy
	level       *trustpolicy.VerificationLevel
	stores      map[string][]Certificate
	unread      []Unread
	fingerprint string
	thumbprints map[string]bool
}

// newPolicy checks a statement and loads the stores it names. With problems, the
// policy is fit for nothing but looking for more of them.
func newPolicy(statement trustpolicy.TrustPolicy, storeDir string) (p *Policy, problems []error) {
	p = &Policy{statement: statement, stores: map[string][]Certificate{}, thumbprints: map[string]bool{}}
	for _, err := range wrongWords(statement) {
		problems = append(problems, p.wrong(err))
	}
	if err := p.setLevel(); err != nil {
		problems = append(problems, p.wrong(err))
	}
	if len(problems) == 0 {
		if err := p.Document().Validate(); err != nil {
			return p, []error{singleEscapes(err, statement.TrustedIdentities)}
		}
	}
	for _, name := range statement.TrustStores {
		if !isStore(name) {
			continue // and a problem already
		}
		read, wrong := loadStore(storeDir, name)
		for _, err := range wrong {
			problems = append(problems, p.wrong(fmt.Errorf("trust store %s: %w", name, err)))
		}
		p.stores[name], p.unread = read.certificates, append(p.unread, read.unread...)
	}
	p.setFingerprints()
	return p, problems
}

// wrong says which statement a problem is in. Those that notation finds say so already.
func (p *Policy) wrong(err error) error {
	return inStatement(p.Name(), err)
}

// setLevel refuses levels and overrides that would verify images without a trusted signature.
func (p *Policy) setLevel() error {
	verification := p.statement.SignatureVerification
	if name := verification.VerificationLevel; name == trustpolicy.LevelAudit.Name || name == trustpolicy.LevelSkip.Name {
		return fmt.Errorf("level %q would admit unsigned images; use strict, or permissive", name)
	}
	level, err := verification.GetVerificationLevel()
	if err != nil {
		return nil //nolint:nilerr // it is a wrong word, or notation tells the same when it validates the statement
	}
	for _, check := range []trustpolicy.ValidationType{trustpolicy.TypeIntegrity, trustpolicy.TypeAuthenticity} {
		if level.Enforcement[check] != trustpolicy.ActionEnforce {
			return fmt.Errorf("override %s: %q would admit images that no trusted key signed; leave it enforced", check, level.Enforcement[check])
		}
	}
	p.level = level
	return nil
}

// setFingerprints derives what identifies the policy and what it trusts.
func (p *Policy) setFingerprints() {
	hash := sha256.New()
	// The scopes are left out: they decide which policy verifies an image, not how.
	statement := p.statement
	statement.RegistryScopes = nil
	text, err := json.Marshal(statement) // map keys come sorted
	if err != nil {
		panic(err) // strings only: cannot fail
	}
	hash.Write(text)
	for _, store := range statement.TrustStores {
		// With their number, or a certificate could move to the next store unseen.
		fmt.Fprintf(hash, "\n%s %d\n", store, len(p.stores[store]))
		for _, c := range p.stores[store] {
			sum := sha256.Sum256(c.Raw)
			hash.Write(sum[:])
			if !isTSA(store) {
				p.thumbprints[hex.EncodeToString(sum[:])] = true
			}
		}
	}
	p.fingerprint = hex.EncodeToString(hash.Sum(nil))
}

// Name is the statement's name.
func (p *Policy) Name() string { return p.statement.Name }

// Scopes are the statement's registry scopes.
func (p *Policy) Scopes() []string { return slices.Clone(p.statement.RegistryScopes) }

// Level is the statement's verification level: strict, permissive or custom.
func (p *Policy) Level() string { return p.level.Name }

// Identities are the statement's trusted identities.
func (p *Policy) Identities() []string { return slices.Clone(p.statement.TrustedIdentities) }

// Fingerprint changes whenever a verdict under the policy could: with the
// statement (but for its scopes) and with the certificates.
func (p *Policy) Fingerprint() string { return p.fingerprint }

// Enforces tells whether the policy refuses an image that fails the check.
func (p *Policy) Enforces(check trustpolicy.ValidationType) bool {
	return p.level.Enforcement[check] == trustpolicy.ActionEnforce
}

// Trusts tells whether a certificate with this SHA-256 thumbprint, in lower-case
// hex, is an anchor for signatures under the policy.
func (p *Policy) Trusts(thumbprint string) bool { return p.thumbprints[thumbprint] }

// TimestampAuthorities are the certificates of the policy's tsa stores.
func (p *Policy) TimestampAuthorities() (all []*x509.Certificate) {
	for store, held := range p.stores {
		for _, c := range held {
			if isTSA(store) {
				all = append(all, c.Certificate)
			}
		}
	}
	return all
}

// Document is the policy as a document of its own that covers every repository:
// which statement covers an image has been decided already, by finer scopes than
// notation has.
func (p *Policy) Document() *trustpolicy.Document {
	statement := p.statement
	statement.RegistryScopes = []string{wildcard}
	return &trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{statement}}
}

// GetCertificates implements notation's truststore.X509TrustStore from memory.
func (p *Policy) GetCertificates(_ context.Context, kind truststore.Type, name string) ([]*x509.Certificate, error) {
	held, ok := p.stores[string(kind)+":"+name]
	if !ok {
		return nil, fmt.Errorf("trust store %s:%s is not one of policy %q", kind, name, p.Name())
	}
	certificates := make([]*x509.Certificate, len(held))
	for i, c := range held {
		certificates[i] = c.Certificate
	}
	return certificates, nil
}
