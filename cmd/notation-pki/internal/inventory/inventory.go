package inventory

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Inventory is every certificate and CRL, below its issuer.
type Inventory struct {
	Certs []*Cert // each after its issuer and before the next certificate of that issuer
	Lists []*List

	Problems []Problem
	Notes    []string

	byName map[string][]*Cert // by the encoded subject
	byID   map[string]*Cert
	budget budget
}

// Build finds each certificate's issuer and revocation as of now, and checks rules, CRLs and keys.
func (p *Files) Build(now time.Time) *Inventory {
	inv := &Inventory{Problems: slices.Clone(p.problems), Notes: slices.Clone(p.notes), byID: p.certs, byName: map[string][]*Cert{}, budget: budget{left: p.budget}}
	for _, c := range p.certs {
		inv.Certs = append(inv.Certs, c)
		inv.byName[string(c.RawSubject)] = append(inv.byName[string(c.RawSubject)], c)
	}
	slices.SortFunc(inv.Certs, inOrder)
	for _, named := range inv.byName {
		slices.SortFunc(named, newestFirst)
	}
	for _, c := range inv.Certs {
		inv.findIssuer(c)
		inv.findGeneration(c)
	}
	inv.order()
	inv.addLists(p.lists)
	for _, c := range inv.Certs {
		c.Revoked = revocationOf(c)
	}
	inv.markSuperseded(now)
	inv.checkLists(now)
	inv.checkChains(p.chains)
	inv.checkKeys(p.keys)
	if inv.budget.spent {
		inv.problem(Unreadable, "there are too many certificates, or keys too large, to check all signatures: who issued what, and which rules are broken, is not told of all; name fewer files")
	}
	return inv
}

func (inv *Inventory) problem(kind ProblemKind, text string) {
	inv.Problems = append(inv.Problems, Problem{kind, text})
}

func inOrder(a, b *Cert) int {
	return cmp.Or(cmp.Compare(a.Name(), b.Name()), a.NotBefore.Compare(b.NotBefore), cmp.Compare(a.ID, b.ID))
}

func newestFirst(a, b *Cert) int {
	return cmp.Or(b.NotAfter.Compare(a.NotAfter), cmp.Compare(a.ID, b.ID))
}

// Roots are the certificates whose issuer is not among them, or who issued themselves.
func (inv *Inventory) Roots() []*Cert {
	var roots []*Cert
	for _, c := range inv.Certs {
		if c.Issuer == nil {
			roots = append(roots, c)
		}
	}
	return roots
}

// order sorts the certificates: each issuer comes before what it issued.
func (inv *Inventory) order() {
	var all []*Cert
	var add func(*Cert)
	add = func(c *Cert) {
		all = append(all, c)
		for _, below := range c.Issued {
			add(below)
		}
	}
	for _, root := range inv.Roots() {
		add(root)
	}
	inv.Certs = all
}

// findIssuer finds the CA that signed a certificate: the newest one, if a CA was renewed with the same key.
func (inv *Inventory) findIssuer(c *Cert) {
	if bytes.Equal(c.RawSubject, c.RawIssuer) && inv.signed(c, c) {
		return
	}
	for _, issuer := range inv.namesakes(c.RawIssuer, c.AuthorityKeyId) {
		switch {
		case !inv.signed(issuer, c):
		case above(issuer, c):
			c.Missing = fmt.Sprintf("its issuer is below it: it and %s certify each other", printable.Quote(issuer.Name()))
		default:
			c.Issuer, c.Missing = issuer, ""
			issuer.Issued = append(issuer.Issued, c)
			return
		}
	}
	if c.Missing == "" && !bytes.Equal(c.RawSubject, c.RawIssuer) {
		c.Missing = inv.missing(c)
	}
}

func (inv *Inventory) missing(c *Cert) string {
	if named := inv.byName[string(c.RawIssuer)]; len(named) > 0 {
		return fmt.Sprintf("its issuer is not here: there is a %s, but with another key", printable.Quote(named[0].Name()))
	}
	return fmt.Sprintf("its issuer is not here: %s", printable.Quote(cmp.Or(c.Certificate.Issuer.CommonName, c.Certificate.Issuer.String())))
}

// above reports whether to is among the issuers of from. CAs may certify each other.
func above(from, to *Cert) bool {
	for ; from != nil; from = from.Issuer {
		if from == to {
			return true
		}
	}
	return false
}

// namesakes are the CAs of a name, at most [maxNamesakes]. Those with the given key identifier come first.
func (inv *Inventory) namesakes(name, keyID []byte) []*Cert {
	named := slices.Clone(inv.byName[string(name)])
	other := func(c *Cert) int {
		if len(keyID) > 0 && bytes.Equal(c.SubjectKeyId, keyID) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(named, func(a, b *Cert) int { return other(a) - other(b) })
	return named[:min(len(named), maxNamesakes)]
}

// signed reports whether the issuer's key verifies the signature. It is true for algorithms that Go does not check: the
// names match, and a rule reports the algorithm.
func (inv *Inventory) signed(issuer, c *Cert) bool {
	if !inv.budget.take(1, issuer.Certificate) {
		return false
	}
	err := keysize.CheckSignatureBy(c.Certificate, issuer.Certificate)
	_, insecure := errors.AsType[x509.InsecureAlgorithmError](err)
	return err == nil || insecure || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}

func (inv *Inventory) findGeneration(c *Cert) {
	for _, file := range c.Files {
		if g := generationOf(file); g != nil && c.Generation == nil {
			c.Generation = g
		}
	}
}

func (inv *Inventory) markSuperseded(now time.Time) {
	newest := map[string]int{} // by the folder: the highest number of the valid ones
	for _, c := range inv.Certs {
		if c.Generation != nil && c.ValidAt(now) {
			newest[c.Generation.home] = max(newest[c.Generation.home], c.Generation.Number)
		}
	}
	for _, c := range inv.Certs {
		c.Superseded = c.Generation != nil && c.Generation.Number < newest[c.Generation.home]
	}
}

// checkChains checks the rules: for the chain of each certificate that issued no other, and for the chains in files.
func (inv *Inventory) checkChains(found []chain) {
	for _, c := range inv.Certs {
		if len(c.Issued) == 0 && ForSigning(c.Certificate) {
			inv.checkChain("", c.Chain(), c.top().Missing != "")
		}
	}
	for _, chain := range found {
		inv.checkChain(chain.source, chain.certs, false)
	}
}

func (c *Cert) top() *Cert {
	for c.Issuer != nil {
		c = c.Issuer
	}
	return c
}

// checkChain adds each violation once to its certificate: CAs are in many chains. A partial chain, whose issuer is not
// among the files, may lack its root: its certificate is marked as such.

func (inv *Inventory) checkChain(source string, chain []*x509.Certificate, partial bool) {
	// Each is compared with each, and then notation judges.
	if len(chain) <= keysize.MaxCertificates && !inv.budget.take(len(chain)*len(chain)+len(chain), chain...) {
		return
	}
	for _, b := range rules.Violations(chain) {
		if partial && b.Rule == rules.RuleChainRoot {
			continue
		}
		if b.Cert == nil {
			b.Cert, b.Text = chain[0], source+": "+b.Text
		}
		c := inv.byID[ca.Thumbprint(b.Cert)]
		if !slices.ContainsFunc(c.Violations, func(other rules.Violation) bool { return other.Rule == b.Rule }) {
			c.Violations = append(c.Violations, b)
		}
	}
}
