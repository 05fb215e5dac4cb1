package ca

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// RevocationReason is why a certificate was revoked: a CRLReason of RFC 5280 section 5.3.1, under its name there.
type RevocationReason string

// The reasons to revoke a certificate for good. There are others, which take a certificate back or speak of attributes.
const (
	Unspecified          RevocationReason = "unspecified"
	KeyCompromise        RevocationReason = "keyCompromise"
	CACompromise         RevocationReason = "cACompromise"
	AffiliationChanged   RevocationReason = "affiliationChanged"
	Superseded           RevocationReason = "superseded"
	CessationOfOperation RevocationReason = "cessationOfOperation"
)

// RevocationReasons lists every [RevocationReason]; a reason's code is its index.
func RevocationReasons() []RevocationReason {
	return []RevocationReason{Unspecified, KeyCompromise, CACompromise, AffiliationChanged, Superseded, CessationOfOperation}
}

// ParseRevocationReason finds a reason by its name, in capitals or not.
func ParseRevocationReason(name string) (RevocationReason, error) {
	for _, reason := range RevocationReasons() {
		if strings.EqualFold(name, string(reason)) {
			return reason, nil
		}
	}
	return "", fmt.Errorf("unknown reason %q; %s", name, spelling.Advice(name, RevocationReasons()))
}

// Code is the reason as a CRL holds it.
func (r RevocationReason) Code() int { return slices.Index(RevocationReasons(), r) }

// ReasonOf is the reason that a code of a CRL stands for; for one that is not listed, its number.
func ReasonOf(code int) RevocationReason {
	if all := RevocationReasons(); code >= 0 && code < len(all) {
		return all[code]
	}
	return RevocationReason(fmt.Sprintf("reason %d", code))
}
