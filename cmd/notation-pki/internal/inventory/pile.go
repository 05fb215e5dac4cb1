package inventory

import (
	"crypto/x509"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Pile is what was read, in no order.
type Pile struct {
	certs  map[string]*Cert // by ID
	lists  map[string]*List // by what they hold
	keys   []privateKey
	chains []chain
	budget int // what the checks of signatures may cost

	problems []Problem
	notes    []string
}

// chain is a row of certificates that some verifier will be given as it is.
type chain struct {
	source string
	certs  []*x509.Certificate
}

// Problem is something to mend that is no rule for certificates.
type Problem struct {
	Kind ProblemKind

	// Text is one line for people, with the name of the file.
	Text string
}

// ProblemKind names a problem for programs.
type ProblemKind string

// The kinds of problems. The list is closed.
const (
	Unreadable    ProblemKind = "unreadable"    // a file or folder that this user may not read
	Damaged       ProblemKind = "damaged"       // a file that is named like a certificate, and is none or half of one
	KeyReadable   ProblemKind = "key-readable"  // a private key that other users can read
	KeyInTheClear ProblemKind = "key-in-clear"  // a CA's private key that is not encrypted
	ForgedCRL     ProblemKind = "crl-signature" // a CRL that its issuer did not sign
	NoCRL         ProblemKind = "crl-missing"   // a CA that certificates say has a CRL, and has none
	CRLForgets    ProblemKind = "crl-forgets"   // a CA's newest CRL, which lacks what an older one revoked
	LeftBehind    ProblemKind = "left-behind"   // what a run of this tool wrote that was killed
	StaleCRL      ProblemKind = "crl-over"      // a CA's newest CRL, past its next update
	BrokenRule    ProblemKind = "broken-rule"   // a certificate breaks a rule
	EndsTooSoon   ProblemKind = "ends-too-soon" // a certificate or CRL ends within the time that was asked for
	BadSignature  ProblemKind = "signature"     // a signature on an image from which no certificates can be read
)

// NewPile is empty.
func NewPile() *Pile {
	return &Pile{certs: map[string]*Cert{}, lists: map[string]*List{}, budget: maxCost}
}

func (p *Pile) addCert(source string, cert *x509.Certificate) {
	id := ca.Thumbprint(cert)
	c := p.certs[id]
	if c == nil {
		c = &Cert{Certificate: cert, ID: id}
		p.certs[id] = c
	}
	if !slices.Contains(c.Files, source) {
		c.Files = append(c.Files, source)
	}
}

func (p *Pile) addList(source string, list *x509.RevocationList) {
	l := p.lists[string(list.Raw)]
	if l == nil {
		l = &List{RevocationList: list}
		p.lists[string(list.Raw)] = l
	}
	if !slices.Contains(l.Files, source) {
		l.Files = append(l.Files, source)
	}
}

// addChain keeps a file's certificates as a chain if that is what they are: others hold several roots, say. Its one
// leaf tells.
func (p *Pile) addChain(source string, certs []*x509.Certificate) {
	leaves := 0
	for _, cert := range certs {
		if !cert.IsCA && ForSigning(cert) {
			leaves++
		}
	}
	if leaves == 1 && len(certs) > 1 {
		p.chains = append(p.chains, chain{source, certs})
	}
}

func (p *Pile) problem(kind ProblemKind, text string) {
	p.problems = append(p.problems, Problem{kind, text})
}
