package signatures

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// identity unlocks the signer, once its chain is known to be worth it.
func (r *Request) identity() (*ca.Identity, error) {
	from, err := r.PKI.Find(r.Signer)
	if err != nil {
		return nil, err
	}
	chain, err := from.Chain()
	if err != nil {
		return nil, err
	}
	if err := fitToSign(from, chain, time.Now()); err != nil {
		return nil, err
	}
	if err := r.PKI.RefuseRevoked(from, "sign with"); err != nil {
		return nil, err
	}
	if r.TimestampURL == "" {
		r.note("note: without a timestamp the signature is valid no longer than its signer, until %s", ends(chain).Format(time.DateOnly))
	}
	return from.Identity(r.Passphrase.Of(from.String()))
}

// ends is when the first certificate of a chain does.
func ends(chain []*x509.Certificate) time.Time {
	first := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	return first.NotAfter
}

// fitToSign refuses a chain that no verifier would accept: the error is better seen here than at the next admission.
func fitToSign(from layout.Generation, chain []*x509.Certificate, now time.Time) error {
	if role := rules.RoleOf(chain[0]); role != rules.RoleSigner {
		return fmt.Errorf("%s is a certificate for another use (%s) and cannot sign images; name a signer by --signer", from, role)
	}
	for i, cert := range chain {
		switch {
		case now.Before(cert.NotBefore):
			return fmt.Errorf("%s is not valid before %s; see whether the clock of this machine is right", printable.Quote(cert.Subject), moment(cert.NotBefore.UTC()))
		case now.After(cert.NotAfter) && i == 0:
			return fmt.Errorf("%s ended at %s; make its next generation by notation-pki signer --rotate, or name another by --signer", from, moment(cert.NotAfter.UTC()))
		case now.After(cert.NotAfter):
			return fmt.Errorf("%s, above %s, ended at %s; make its next generation by --rotate, and a signer below that one", printable.Quote(cert.Subject), from, moment(cert.NotAfter.UTC()))
		}
	}
	if broken := rules.Violations(chain); len(broken) > 0 {
		return fmt.Errorf("no verifier would take what %s signs: its chain, or one certificate of it, %s", from, broken[0].Text)
	}
	return nil
}
