package revoke

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// List is a CRL, in the form that the verbs crl and inspect print.
type List struct {
	File       string    `json:"file"`
	Issuer     string    `json:"issuer"`
	Number     string    `json:"number"`
	ThisUpdate time.Time `json:"thisUpdate"`
	NextUpdate time.Time `json:"nextUpdate"`
	DaysLeft   int       `json:"daysLeft"`
	Revoked    []Revoked `json:"revoked"`
	Added      int       `json:"added,omitempty"`
	Published  string    `json:"published,omitempty"` // the file of --publish
}

// Revoked is an entry of a CRL.
type Revoked struct {
	Serial string    `json:"serial"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// NewList returns a CRL of a file in the form to print.
func NewList(file string, list *x509.RevocationList) List {
	result := List{
		File: file, Issuer: list.Issuer.String(), Number: cmp.Or(list.Number, new(big.Int)).String(),
		ThisUpdate: list.ThisUpdate.UTC(), NextUpdate: list.NextUpdate.UTC(), DaysLeft: int(time.Until(list.NextUpdate) / (24 * time.Hour)),
		Revoked: []Revoked{},
	}
	for _, entry := range list.RevokedCertificateEntries {
		result.Revoked = append(result.Revoked, Revoked{layout.Serial(entry.SerialNumber), string(ca.ReasonOf(entry.ReasonCode)), entry.RevocationTime.UTC()})
	}
	return result
}

// Text is the list for people.
func (l List) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  issuer       %s\n  number       %s\n  next update  %s\n", l.File, printable.Text(l.Issuer), l.Number, l.NextUpdate.Format(time.RFC3339))
	if l.Published != "" {
		fmt.Fprintf(&b, "  published    %s\n", printable.Text(l.Published))
	}
	for _, r := range l.Revoked {
		fmt.Fprintf(&b, "  revoked      %s  %s  %s\n", r.Serial, r.At.Format(time.DateOnly), r.Reason)
	}
	return b.String()
}
