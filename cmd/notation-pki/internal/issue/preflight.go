package issue

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// preflight completes the options, and refuses certificates that verifiers could not use.
func (r *Request) preflight() error {
	for _, step := range []func() error{r.inheritURLs, r.clampToIssuer, r.checkCRLURL, r.checkRequestName} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// inheritURLs takes over the revocation URLs of the last generation, if the same CA issues the next one: without them, it
// could not be revoked.
func (r *Request) inheritURLs() error {
	o := &r.options
	if !r.Rotate || r.issuer == nil {
		return nil
	}
	if len(o.CRLURLs)+len(o.OCSPURLs) > 0 || r.NoRevocation {
		return r.checkRevocable()
	}
	_, before, err := r.lastChain(r.Name)
	if err != nil {
		return err
	}
	if len(before) > 1 && before[1].Equal(r.issuer.Cert) {
		o.CRLURLs, o.OCSPURLs = before[0].CRLDistributionPoints, before[0].OCSPServer
	}
	return r.checkRevocable()
}

// clampToIssuer sets the certificate's end, which is not after its issuer's.
func (r *Request) clampToIssuer() error {
	now := time.Now()
	r.options.NotAfter = now.AddDate(0, 0, r.Days)
	if r.issuer == nil {
		return nil
	}
	if r.NoRevocation {
		r.note("note: this certificate can never be revoked: verifiers will not know where to ask")
	}
	ends := r.issuer.Cert.NotAfter
	name, on, left := printable.Quote(r.issuer.Cert.Subject), ends.Format(time.DateOnly), int(ends.Sub(now)/(24*time.Hour))
	switch {
	case !ends.After(now):
		return fmt.Errorf("%s ended on %s; make its next generation by --rotate first", name, on)
	case ends.Before(r.options.NotAfter) && r.Command.Flags().Changed("days"):
		return fmt.Errorf("--days %d goes beyond %s, which ends on %s, in %d days; ask for fewer, or make its next generation by --rotate first",
			r.Days, name, on, left)
	case ends.Before(r.options.NotAfter):
		r.note("note: it ends with %s, on %s, in %d days; make that one's next generation by --rotate for longer", name, on, left)
		r.options.NotAfter = ends
	}
	return nil
}

// checkCRLURL refuses the URL of another CRL: each generation of each CA signs its own, and a URL serves one of them.
func (r *Request) checkCRLURL() error {
	urls := r.options.CRLURLs
	if r.from == nil {
		return nil
	}
	if u := shared(urls, r.issuer.Cert.CRLDistributionPoints); u != "" {
		return fmt.Errorf("%s is where the issuer of %s publishes its CRL; %[2]s has a list of its own: give it a URL of its own", u, r.from)
	}
	return r.PKI.Chains(func(other layout.Generation, chain []*x509.Certificate) error {
		if bytes.Equal(chain[0].RawSubjectPublicKeyInfo, r.issuer.Cert.RawSubjectPublicKeyInfo) {
			return nil // the same CA, perhaps under another name
		}
		certs, err := other.AllIssued()
		if err != nil {
			return err
		}
		for _, cert := range certs {
			if u := shared(urls, cert.CRLDistributionPoints); u != "" {
				return fmt.Errorf("%s is where %s publishes its CRL; %s has another key and so a list of its own: give it a URL of its own", u, other, r.from)
			}
		}
		return nil
	})
}

// shared is the first of some texts that is among the others; empty if none is.
func shared(texts, others []string) string {
	if i := slices.IndexFunc(others, func(text string) bool { return slices.Contains(texts, text) }); i >= 0 {
		return others[i]
	}
	return ""
}

// checkRequestName refuses a certificate request with the subject of another certificate in the folder, which trust policies
// may trust. --subject allows it.
func (r *Request) checkRequestName() error {
	if r.CSR == "" || r.Subject != "" {
		return nil
	}
	subject := r.options.Subject
	return r.PKI.Chains(func(other layout.Generation, chain []*x509.Certificate) error {
		if other.Name != r.next.Name && chain[0].Subject.String() == subject.String() {
			return fmt.Errorf("%s names itself %s, which is %s; if it is to be trusted as that one is, say so by --subject", r.CSR, printable.Quote(subject), other)
		}
		return nil
	})
}

// checkSuccession refuses a generation for another use than the last one, and notes a change of name.
func (r *Request) checkSuccession() error {
	if !r.Rotate {
		return nil
	}
	last, before, err := r.lastChain(r.next.Name)
	if err != nil {
		return err
	}
	cert := r.identity.Cert
	if was, is := rules.RoleOf(before[0]), rules.RoleOf(cert); was != is {
		return fmt.Errorf("%s is a certificate for another use (%s), and its next generation cannot be one for this (%s); choose another --name", last, was, is)
	}
	if was, is := ca.TrustedIdentity(before[0]), ca.TrustedIdentity(cert); was != is {
		r.note("note: %s was %s; a trust policy that names it does not trust the new one", last, printable.Quote(was))
	}
	return nil
}
