package trust

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// soon is how long before its end a certificate is worth a warning.
const soon = 90 * 24 * time.Hour

// Warnings are the risks of the trust in force, and the files that were not read, one
// line each.
func (s *Snapshot) Warnings(now time.Time) []string {
	warnings := s.Notes()
	for _, c := range s.Certificates() {
		warnings = append(warnings, warnOfEnd(c, now)...)
		warnings = append(warnings, warnOfFile(c)...)
		warnings = append(warnings, warnOfRevocation(c)...)
	}
	for _, p := range s.policies {
		for _, w := range p.warnings() {
			warnings = append(warnings, fmt.Sprintf("policy %q: %s", p.Name(), w))
		}
	}
	return append(warnings, s.warnOfScopes()...)
}

// Notes tells, a line each, which files were not read, and why.
func (s *Snapshot) Notes() []string {
	var notes []string
	if s.twoFiles != "" {
		notes = append(notes, "trust policy: "+s.twoFiles)
	}
	for _, u := range s.unread {
		notes = append(notes, "trust store "+u.String())
	}
	return notes
}

func warnOfEnd(c Certificate, now time.Time) []string {
	left := c.NotAfter.Sub(now)
	switch {
	case left <= 0:
		return []string{fmt.Sprintf("%s: %s: %s expired on %s", c.Store, c.File, printable.Quote(c.Subject), c.NotAfter.UTC().Format(time.DateOnly))}
	case now.Before(c.NotBefore):
		return []string{fmt.Sprintf("%s: %s: %s is not valid before %s", c.Store, c.File, printable.Quote(c.Subject), c.NotBefore.UTC().Format(time.DateOnly))}
	case left < soon:
		return []string{fmt.Sprintf("%s: %s: %s expires in %d days", c.Store, c.File, printable.Quote(c.Subject), int(left.Hours()/24))}
	}
	return nil
}

// warnOfFile tells of a certificate in a file that looks like the copy of another:
// notation reads those as well, and so does this package.
func warnOfFile(c Certificate) []string {
	file := strings.ToLower(c.File)
	if !strings.HasSuffix(file, "~") && !slices.Contains([]string{".bak", ".backup", ".old", ".orig", ".save", ".disabled", ".off", ".tmp", ".dpkg-old", ".rpmsave"}, filepath.Ext(file)) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s is read like every file in the store, and %s is trusted; move it away if it is a copy", c.Store, c.File, printable.Quote(c.Subject))}
}

// warnOfRevocation tells of an intermediate whose revocation cannot be asked about. A
// root is not asked about.
func warnOfRevocation(c Certificate) []string {
	urls := slices.Concat(c.OCSPServer, c.CRLDistributionPoints)
	if len(urls) == 0 || bytes.Equal(c.RawSubject, c.RawIssuer) || slices.ContainsFunc(urls, isPlainHTTP) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s: %s has its revocation status at %s only, and notation uses http:// only: images signed below it stay undecided where revocation is enforced",
		c.Store, c.File, printable.Quote(c.Subject), strings.Join(urls, ", "))}
}

func isPlainHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "http"
}

func (p *Policy) warnings() []string {
	var warnings []string
	if !slices.ContainsFunc(p.statement.TrustStores, isTSA) && slices.ContainsFunc(p.statement.TrustStores, isCA) {
		warnings = append(warnings, "no tsa trust store: every image stops verifying when its signing certificate expires, even if its signature is timestamped")
	}
	for _, store := range p.statement.TrustStores {
		if strings.HasPrefix(store, string(truststore.TypeSigningAuthority)+":aws-") {
			warnings = append(warnings, store+": signatures of AWS Signer ask for its plugin, and no plugin is run here: they are refused as unsupported")
		}
		for _, c := range p.stores[store] {
			warnings = append(warnings, p.warnOf(c)...)
		}
	}
	warnings = append(warnings, p.warnOfIdentities()...)
	if slices.Contains(p.statement.RegistryScopes, wildcard) {
		warnings = append(warnings, "registry scope \"*\": anyone who may create a pod can make the server contact any registry; name the registries that you trust")
	}
	if !p.Enforces(trustpolicy.TypeRevocation) {
		warnings = append(warnings, "revocation is not enforced: a stolen signing key stays good until its certificate expires")
	}
	return warnings
}

// warnOfIdentities tells of trusted identities that match too much, or nothing.
func (p *Policy) warnOfIdentities() []string {
	var warnings []string
	never := 0
	for _, identity := range p.statement.TrustedIdentities {
		if identity == wildcard {
			warnings = append(warnings, "trusted identity \"*\": every code-signing certificate of the CA may sign")
		}
		if why := neverMatches(identity); why != "" {
			never++
			warnings = append(warnings, fmt.Sprintf("trusted identity %s never matches: %s", printable.Quote(identity), why))
		}
	}
	if never == len(p.statement.TrustedIdentities) {
		warnings = append(warnings, "none of its trusted identities can ever match: every image in its registry scopes is refused")
	}
	return warnings
}

func (p *Policy) warnOf(c Certificate) []string {
	if isTSA(c.Store) {
		return nil
	}
	var warnings []string
	if !c.IsCA {
		warnings = append(warnings, fmt.Sprintf("%s trusts the signing certificate %s itself: nothing can be rotated without changing the trust store", c.Store, printable.Quote(c.Subject)))
	} else if !p.holdsIssuer(c) {
		warnings = append(warnings, fmt.Sprintf("%s trusts the intermediate %s without its root: it has to be replaced when the intermediate is", c.Store, printable.Quote(c.Subject)))
	}
	return append(warnings, p.warnOfName(c)...)
}

// warnOfName tells of names that no trusted identity matches: a signing certificate's
// own, and those of a CA whose signing certificates may well be named alike.
func (p *Policy) warnOfName(c Certificate) []string {
	subject, accepts := c.Subject.String(), func(identity string) bool { return matches(identity, c.Subject.String()) }
	switch {
	case slices.ContainsFunc(p.statement.TrustedIdentities, accepts), c.IsCA && distinguishedName(subject) != nil:
		return nil
	case c.IsCA:
		return []string{fmt.Sprintf("%s has an attribute that notation cannot compare, like emailAddress, DC, UID or a second OU: a signing certificate whose name has one matches no trusted identity but \"*\"", printable.Quote(subject))}
	case !canCompare(subject):
		return []string{fmt.Sprintf("%s matches no trusted identity but \"*\": notation compares names with C, ST and O, each attribute once, and none like emailAddress, DC or UID", printable.Quote(subject))}
	}
	return []string{fmt.Sprintf("%s is none of the trusted identities: nothing that it signed is verified", printable.Quote(subject))}
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
