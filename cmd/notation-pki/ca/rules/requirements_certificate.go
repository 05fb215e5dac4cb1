package rules

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
)

// leafLike tells whether a certificate in first place is to be judged as a leaf. One that says cA, but by its key usage
// signs and issues nothing, is a signer that openssl made with its defaults.
func leafLike(cert *x509.Certificate) bool {
	const which = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	return !cert.IsCA || cert.KeyUsage&which == x509.KeyUsageDigitalSignature
}

// place is a certificate within its chain.
type place struct {
	cert   *x509.Certificate
	issuer *x509.Certificate // nil: not in the chain
	leaf   bool
	below  int // how many CAs are between it and the leaf
}

func (l links) placeOf(path []*x509.Certificate, i int) place {
	p := place{cert: path[i], below: i, leaf: i == 0 && leafLike(path[0])}
	if leafLike(path[0]) {
		p.below--
	}
	if next := path[min(i+1, len(path)-1)]; l.issued(next, p.cert) {
		p.issuer = next
	}
	return p
}

func (p place) violations() []Violation {
	var found []Violation
	for _, c := range p.checks() {
		if text := c.broken(p); text != "" {
			found = append(found, Violation{p.cert, c.rule, text})
		}
	}
	return found
}

// check holds one rule against one certificate. What is broken is told in words, and nothing is told where it is kept.
type check struct {
	rule   Rule
	broken func(place) string
}

// checks are those that apply. Before version 3 there were no extensions, so that only their absence could be told.
func (p place) checks() []check {
	checks := fieldChecks()
	if p.leaf {
		checks = append(checks, keyChecks()...)
	}
	switch {
	case p.cert.Version < 3:
		return checks
	case p.leaf:
		return slices.Concat(checks, extensionChecks(), leafChecks())
	}
	return slices.Concat(checks, extensionChecks(), caChecks())
}

func fieldChecks() []check {
	return []check{
		{RuleVersion, oldVersion},
		{RuleSerial, oddSerial},
		{RuleValidity, neverValid},
		{RuleSignatureAlgorithm, weaklySigned},
	}
}

func keyChecks() []check {
	return []check{{RuleKeyLength, shortKey}, {RuleKeyType, otherKey}}
}

func extensionChecks() []check {
	return []check{
		{RuleCriticalExtension, unknownCritical},
		{RuleAuthorityKeyID, noAuthorityKeyID},
		{RuleAuthorityKeyIDMatch, otherAuthorityKeyID},
		{RulePathLengthOfNoCA, pathLengthOfNoCA},
		{RuleKeyUsage, noKeyUsage},
		{RuleKeyUsageCritical, uncriticalKeyUsage},
	}
}

func caChecks() []check {
	return []check{
		{RuleBasicConstraints, noBasicConstraints},
		{RuleBasicConstraintsCritical, uncriticalBasicConstraints},
		{RuleCA, noCA},
		{RulePathLength, shortPath},
		{RuleCertSign, noCertSign},
		{RuleSubjectKeyID, noSubjectKeyID},
	}
}

func leafChecks() []check {
	return []check{
		{RuleNoCA, leafIsCA},
		{RuleDigitalSignature, noDigitalSignature},
		{RuleSignsOnly, moreThanSigns},
		{RulePurpose, otherPurpose},
		{RuleTimestampPurpose, moreThanStamps},
		{RuleTimestampCritical, uncriticalStamps},
	}
}

func has(cert *x509.Certificate, arc int) bool { return extensionAt(cert, arc) >= 0 }

func isCritical(cert *x509.Certificate, arc int) bool {
	at := extensionAt(cert, arc)
	return at >= 0 && cert.Extensions[at].Critical
}

func extensionAt(cert *x509.Certificate, arc int) int {
	id := asn1.ObjectIdentifier{2, 5, 29, arc}
	for i := range cert.Extensions {
		if cert.Extensions[i].Id.Equal(id) {
			return i
		}
	}
	return -1
}

func listed[T any](items []T) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = fmt.Sprint(item)
	}
	return strings.Join(words, ", ")
}
