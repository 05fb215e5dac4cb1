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

// Forest is every certificate in its place.
type Forest struct {
	Certs []*Cert // those above first, and each before its siblings' certificates
	Lists []*List

	Problems []Problem
	Notes    []string

	byName map[string][]*Cert // by the encoded subject
	byID   map[string]*Cert
	budget budget
}

// Grow puts everything in its place as of now.
func (p *Pile) Grow(now time.Time) *Forest {
	f := &Forest{Problems: slices.Clone(p.problems), Notes: slices.Clone(p.notes), byID: p.certs, byName: map[string][]*Cert{}, budget: budget{left: p.budget}}
	for _, c := range p.certs {
		f.Certs = append(f.Certs, c)
		f.byName[string(c.RawSubject)] = append(f.byName[string(c.RawSubject)], c)
	}
	slices.SortFunc(f.Certs, inOrder)
	for _, named := range f.byName {
		slices.SortFunc(named, newestFirst)
	}
	for _, c := range f.Certs {
		f.findIssuer(c)
		f.findGeneration(c)
	}
	f.order()
	f.growLists(p.lists)
	for _, c := range f.Certs {
		c.Revoked = revocationOf(c)
	}
	f.supersede(now)
	f.judgeLists(now)
	f.judgeChains(p.chains)
	f.judgeKeys(p.keys)
	if f.budget.spent {
		f.problem(Unreadable, "there are too many certificates, or keys too large, to check all signatures: who issued what, and which rules are broken, is not told of all; name fewer files")
	}
	return f
}

func (f *Forest) problem(kind ProblemKind, text string) {
	f.Problems = append(f.Problems, Problem{kind, text})
}

func inOrder(a, b *Cert) int {
	return cmp.Or(cmp.Compare(a.Name(), b.Name()), a.NotBefore.Compare(b.NotBefore), cmp.Compare(a.ID, b.ID))
}

func newestFirst(a, b *Cert) int {
	return cmp.Or(b.NotAfter.Compare(a.NotAfter), cmp.Compare(a.ID, b.ID))
}

// Roots are those that nobody who is there issued.
func (f *Forest) Roots() []*Cert {
	var roots []*Cert
	for _, c := range f.Certs {
		if c.Issuer == nil {
			roots = append(roots, c)
		}
	}
	return roots
}

// order puts those that issued others before them.
func (f *Forest) order() {
	var all []*Cert
	var add func(*Cert)
	add = func(c *Cert) {
		all = append(all, c)
		for _, below := range c.Below {
			add(below)
		}
	}
	for _, root := range f.Roots() {
		add(root)
	}
	f.Certs = all
}

// findIssuer looks for the one that signed it, and takes the newest if a CA's certificate was renewed for its old key.
func (f *Forest) findIssuer(c *Cert) {
	if bytes.Equal(c.RawSubject, c.RawIssuer) && f.signed(c, c) {
		return
	}
	for _, issuer := range f.namesakes(c.RawIssuer, c.AuthorityKeyId) {
		switch {
		case !f.signed(issuer, c):
		case above(issuer, c):
			c.Missing = fmt.Sprintf("its issuer is below it: it and %s certify each other", printable.Quote(issuer.Name()))
		default:
			c.Issuer, c.Missing = issuer, ""
			issuer.Below = append(issuer.Below, c)
			return
		}
	}
	if c.Missing == "" && !bytes.Equal(c.RawSubject, c.RawIssuer) {
		c.Missing = f.missing(c)
	}
}

func (f *Forest) missing(c *Cert) string {
	if named := f.byName[string(c.RawIssuer)]; len(named) > 0 {
		return fmt.Sprintf("its issuer is not here: there is a %s, but with another key", printable.Quote(named[0].Name()))
	}
	return fmt.Sprintf("its issuer is not here: %s", printable.Quote(cmp.Or(c.Certificate.Issuer.CommonName, c.Certificate.Issuer.String())))
}

// above tells whether going up from one leads to the other, as it does when CAs certify each other.
func above(from, to *Cert) bool {
	for ; from != nil; from = from.Issuer {
		if from == to {
			return true
		}
	}
	return false
}

// namesakes are those who may have issued something in a name: first those whose key it says to be signed with.
func (f *Forest) namesakes(name, keyID []byte) []*Cert {
	named := slices.Clone(f.byName[string(name)])
	other := func(c *Cert) int {
		if len(keyID) > 0 && bytes.Equal(c.SubjectKeyId, keyID) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(named, func(a, b *Cert) int { return other(a) - other(b) })
	return named[:min(len(named), maxNamesakes)]
}

// signed takes the names for it where Go does not check a signature that old; that is a broken rule of its own.
func (f *Forest) signed(issuer, c *Cert) bool {
	if !f.budget.take(1, issuer.Certificate) {
		return false
	}
	err := keysize.CheckSignatureBy(c.Certificate, issuer.Certificate)
	_, insecure := errors.AsType[x509.InsecureAlgorithmError](err)
	return err == nil || insecure || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}

func (f *Forest) findGeneration(c *Cert) {
	for _, file := range c.Files {
		if g := generationOf(file); g != nil && c.Generation == nil {
			c.Generation = g
		}
	}
}

func (f *Forest) supersede(now time.Time) {
	newest := map[string]int{} // by the folder: the highest number of those that hold
	for _, c := range f.Certs {
		if c.Generation != nil && c.Holds(now) {
			newest[c.Generation.home] = max(newest[c.Generation.home], c.Generation.Number)
		}
	}
	for _, c := range f.Certs {
		c.Superseded = c.Generation != nil && c.Generation.Number < newest[c.Generation.home]
	}
}

// judgeChains holds the rules against the chain of everyone at the bottom, and against the chains that were found whole.
func (f *Forest) judgeChains(found []chain) {
	for _, c := range f.Certs {
		if len(c.Below) == 0 && ForSigning(c.Certificate) {
			f.judge("", c.Chain(), c.top().Missing != "")
		}
	}
	for _, chain := range found {
		f.judge(chain.source, chain.certs, false)
	}
}

func (c *Cert) top() *Cert {
	for c.Issuer != nil {
		c = c.Issuer
	}
	return c
}

// judge keeps each rule once a certificate, since those above are in many chains. That a chain has no root is no violation
// where the files simply are not here: the certificate is marked for that.
func (f *Forest) judge(source string, chain []*x509.Certificate, partial bool) {
	// Each is compared with each, and then notation judges.
	if len(chain) <= keysize.MaxCertificates && !f.budget.take(len(chain)*len(chain)+len(chain), chain...) {
		return
	}
	for _, b := range rules.Violations(chain) {
		if partial && b.Rule == rules.RuleChainRoot {
			continue
		}
		if b.Cert == nil {
			b.Cert, b.Text = chain[0], source+": "+b.Text
		}
		c := f.byID[ca.Thumbprint(b.Cert)]
		if !slices.ContainsFunc(c.Violations, func(other rules.Violation) bool { return other.Rule == b.Rule }) {
			c.Violations = append(c.Violations, b)
		}
	}
}
