package trust

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// soon is how long before its end a certificate is worth a warning.
const soon = 90 * 24 * time.Hour

// Warnings tells, a line each, what is allowed and will bite some day.
func (s *Snapshot) Warnings(now time.Time) []string {
	var warnings []string
	for _, c := range s.Certificates() {
		warnings = append(warnings, warnOfEnd(c, now)...)
	}
	for _, p := range s.policies {
		for _, w := range p.warnings() {
			warnings = append(warnings, fmt.Sprintf("policy %q: %s", p.Name(), w))
		}
	}
	return warnings
}

func warnOfEnd(c Certificate, now time.Time) []string {
	left := c.NotAfter.Sub(now)
	switch {
	case left <= 0:
		return []string{fmt.Sprintf("%s: %s: %q expired on %s", c.Store, c.File, c.Subject, c.NotAfter.UTC().Format(time.DateOnly))}
	case now.Before(c.NotBefore):
		return []string{fmt.Sprintf("%s: %s: %q is not valid before %s", c.Store, c.File, c.Subject, c.NotBefore.UTC().Format(time.DateOnly))}
	case left < soon:
		return []string{fmt.Sprintf("%s: %s: %q expires in %d days", c.Store, c.File, c.Subject, int(left.Hours()/24))}
	}
	return nil
}

func (p *Policy) warnings() []string {
	var warnings []string
	if !slices.ContainsFunc(p.statement.TrustStores, isTSA) && slices.ContainsFunc(p.statement.TrustStores, isCA) {
		warnings = append(warnings, "no tsa trust store: every image stops verifying when its signing certificate expires, even if its signature is timestamped")
	}
	for _, store := range p.statement.TrustStores {
		for _, c := range p.stores[store] {
			warnings = append(warnings, p.warnOf(c)...)
		}
	}
	if slices.Contains(p.statement.TrustedIdentities, wildcard) {
		warnings = append(warnings, "trusted identity \"*\": whoever the CA issues a code-signing certificate to may sign")
	}
	if slices.Contains(p.statement.RegistryScopes, wildcard) {
		warnings = append(warnings, "registry scope \"*\": whoever may create a pod may have any registry asked; name those that you trust")
	}
	if !p.Enforces(trustpolicy.TypeRevocation) {
		warnings = append(warnings, "revocation is not enforced: a stolen signing key stays good until its certificate expires")
	}
	return warnings
}

func (p *Policy) warnOf(c Certificate) []string {
	if isTSA(c.Store) {
		return nil
	}
	var warnings []string
	if !c.IsCA {
		warnings = append(warnings, fmt.Sprintf("%s trusts the signing certificate %q itself: nothing can be rotated without changing the trust store", c.Store, c.Subject))
	} else if !p.holdsIssuer(c) {
		warnings = append(warnings, fmt.Sprintf("%s trusts the intermediate %q without its root: it has to be replaced when the intermediate is", c.Store, c.Subject))
	}
	if strings.Contains(c.Subject.String(), "=#") && !slices.Contains(p.statement.TrustedIdentities, wildcard) {
		warnings = append(warnings, fmt.Sprintf("%q has an attribute like emailAddress: a signing certificate whose name has one matches no trusted identity but \"*\"", c.Subject))
	}
	return warnings
}

// holdsIssuer tells whether the policy trusts who issued a certificate, too.
func (p *Policy) holdsIssuer(c Certificate) bool {
	for _, held := range p.stores {
		for _, other := range held {
			if !isTSA(other.Store) && bytes.Equal(other.RawSubject, c.RawIssuer) {
				return true
			}
		}
	}
	return false
}

func isCA(store string) bool { return strings.HasPrefix(store, string(truststore.TypeCA)+":") }

func isTSA(store string) bool { return strings.HasPrefix(store, string(truststore.TypeTSA)+":") }
