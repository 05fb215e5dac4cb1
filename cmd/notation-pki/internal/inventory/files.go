package inventory

import (
	"crypto/x509"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Files is the content of the files that were read, in no order. [Files.Build] makes an [Inventory] of it.
type Files struct {
	certs  map[string]*Cert // by ID
	lists  map[string]*List // by their encoding
	keys   []privateKey
	chains []chain
	budget int // the most that checks of signatures may cost

	problems []Problem
	notes    []string
}

// chain is a list of certificates that verifiers get in this order.
type chain struct {
	source string
	certs  []*x509.Certificate
}

// Problem is something to repair that no rule for certificates covers.
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
	Damaged       ProblemKind = "damaged"       // a file named like a certificate that holds none, or half of one
	KeyReadable   ProblemKind = "key-readable"  // a private key that other users can read
	KeyInTheClear ProblemKind = "key-in-clear"  // a CA's private key that is not encrypted
	ForgedCRL     ProblemKind = "crl-signature" // a CRL that its issuer did not sign
	NoCRL         ProblemKind = "crl-missing"   // a CA without a CRL whose certificates name a CRL URL
	CRLForgets    ProblemKind = "crl-forgets"   // a CA's newest CRL lacks what an older one revoked
	LeftBehind    ProblemKind = "left-behind"   // temporary files of a run that was killed
	StaleCRL      ProblemKind = "crl-over"      // a CA's newest CRL, past its next update
	BrokenRule    ProblemKind = "broken-rule"   // a certificate breaks a rule
	EndsTooSoon   ProblemKind = "ends-too-soon" // a certificate or CRL ends within the given time
	BadSignature  ProblemKind = "signature"     // a signature on an image from which no certificates can be read
)

// NewFiles returns an empty set of files.
func NewFiles() *Files {
	return &Files{certs: map[string]*Cert{}, lists: map[string]*List{}, budget: maxCost}
}

func (files *Files) addCert(source string, cert *x509.Certificate) {
	id := ca.Thumbprint(cert)
	c := files.certs[id]
	if c == nil {
		c = &Cert{Certificate: cert, ID: id}
		files.certs[id] = c
	}
	if !slices.Contains(c.Files, source) {
		c.Files = append(c.Files, source)
	}
}

func (files *Files) addList(source string, list *x509.RevocationList) {
	l := files.lists[string(list.Raw)]
	if l == nil {
		l = &List{RevocationList: list}
		files.lists[string(list.Raw)] = l
	}
	if !slices.Contains(l.Files, source) {
		l.Files = append(l.Files, source)
	}
}

// addChain keeps a file's certificates as a chain if exactly one of them is a leaf: other files hold several roots.

func (files *Files) addChain(source string, certs []*x509.Certificate) {
	leaves := 0
	for _, cert := range certs {
		if !cert.IsCA && ForSigning(cert) {
			leaves++
		}
	}
	if leaves == 1 && len(certs) > 1 {
		files.chains = append(files.chains, chain{source, certs})
	}
}

func (files *Files) problem(kind ProblemKind, text string) {
	files.problems = append(files.problems, Problem{kind, text})
}
