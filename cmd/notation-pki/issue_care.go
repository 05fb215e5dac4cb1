package main

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// settle fills in what the command line leaves open, and then refuses what nobody could use.
func (i *issuance) settle(next layout.Generation, from *layout.Generation, issuer *ca.CA, o *ca.Options) error {
	if err := i.sameURLs(issuer, o); err != nil {
		return err
	}
	if err := i.fit(issuer, o); err != nil {
		return err
	}
	if err := i.ownCRL(issuer, from, o.CRLURLs); err != nil {
		return err
	}
	return i.ownName(next, o.Subject)
}

// sameURLs takes over, when it rotates, where the generation before says that it may be revoked, unless another CA issues
// this one: forgotten URLs would make a certificate that nobody can revoke.
func (i *issuance) sameURLs(issuer *ca.CA, o *ca.Options) error {
	if !i.rotate || issuer == nil || len(o.CRLURLs)+len(o.OCSPURLs) > 0 {
		return nil
	}
	last, err := i.pki.Find(i.name)
	if err != nil {
		return err
	}
	before, err := last.Chain()
	if err != nil {
		return err
	}
	if len(before) > 1 && before[1].Equal(issuer.Cert) {
		o.CRLURLs, o.OCSPURLs = before[0].CRLDistributionPoints, before[0].OCSPServer
	}
	return nil
}

// fit sets the certificate's end within its issuer's life.
func (i *issuance) fit(issuer *ca.CA, o *ca.Options) error {
	now := time.Now()
	o.NotAfter = now.AddDate(0, 0, i.days)
	if issuer == nil {
		return nil
	}
	if len(o.CRLURLs)+len(o.OCSPURLs) == 0 {
		note(i.Command, "note: without --crl-url or --ocsp-url this certificate can never be revoked: verifiers will not know where to ask")
	}
	ends := issuer.Cert.NotAfter
	switch {
	case !ends.After(now):
		return fmt.Errorf("%s ended on %s; make its next generation by --rotate first", printable.Quote(issuer.Cert.Subject), ends.Format(time.DateOnly))
	case ends.Before(o.NotAfter) && i.Flags().Changed("days"):
		return fmt.Errorf("--days %d goes beyond %s, which ends on %s, in %d days; ask for fewer, or make its next generation by --rotate first",
			i.days, printable.Quote(issuer.Cert.Subject), ends.Format(time.DateOnly), daysUntil(ends, now))
	case ends.Before(o.NotAfter):
		note(i.Command, "note: it ends with %s, on %s, in %d days; make that one's next generation by --rotate for longer",
			printable.Quote(issuer.Cert.Subject), ends.Format(time.DateOnly), daysUntil(ends, now))
		o.NotAfter = ends
	}
	return nil
}

// ownCRL refuses the URL of another list: each generation of each CA signs its own, and one URL can serve one of them.
func (i *issuance) ownCRL(issuer *ca.CA, from *layout.Generation, urls []string) error {
	if from == nil {
		return nil
	}
	for _, u := range issuer.Cert.CRLDistributionPoints {
		if slices.Contains(urls, u) {
			return fmt.Errorf("%s is where the issuer of %s publishes its CRL; %[2]s has a list of its own: give it a URL of its own", u, from)
		}
	}
	return i.each(func(other layout.Generation, chain []*x509.Certificate) error {
		if bytes.Equal(chain[0].RawSubjectPublicKeyInfo, issuer.Cert.RawSubjectPublicKeyInfo) {
			return nil // the same CA, maybe under another name
		}
		certs, err := other.AllIssued()
		if err != nil {
			return err
		}
		for _, cert := range certs {
			for _, u := range cert.CRLDistributionPoints {
				if slices.Contains(urls, u) {
					return fmt.Errorf("%s is where %s publishes its CRL; %s has another key and so a list of its own: give it a URL of its own", u, other, from)
				}
			}
		}
		return nil
	})
}

// ownName refuses a request that gives itself the name of another certificate here, which trust policies may trust: whoever
// means that says so by --subject.
func (i *issuance) ownName(next layout.Generation, subject pkix.Name) error {
	if i.csr == "" || i.subject != "" {
		return nil
	}
	return i.each(func(other layout.Generation, chain []*x509.Certificate) error {
		if other.Name != next.Name && chain[0].Subject.String() == subject.String() {
			return fmt.Errorf("%s names itself %s, which is %s; if it is to be trusted as that one is, say so by --subject", i.csr, printable.Quote(subject), other)
		}
		return nil
	})
}

// each goes through all generations of all names.
func (i *issuance) each(do func(layout.Generation, []*x509.Certificate) error) error {
	all, err := i.pki.All()
	if err != nil {
		return err
	}
	for _, g := range all {
		chain, err := g.Chain()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is no generation of a certificate
		}
		if err == nil {
			err = do(g, chain)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sameAsBefore refuses a generation of another kind, and tells of another name.
func (i *issuance) sameAsBefore(next layout.Generation, cert *x509.Certificate) error {
	if next.Number == 1 {
		return nil
	}
	last, err := i.pki.Find(next.Name)
	if err != nil {
		return err
	}
	before, err := last.Chain()
	if err != nil {
		return err
	}
	if was, is := rules.RoleOf(before[0]), rules.RoleOf(cert); was != is {
		return fmt.Errorf("%s is a certificate for another use (%s), and its next generation cannot be one for this (%s); choose another --name", last, was, is)
	}
	if was, is := ca.TrustedIdentity(before[0]), ca.TrustedIdentity(cert); was != is {
		note(i.Command, "note: %s was %s; a trust policy that names it does not trust the new one", last, printable.Quote(was))
	}
	return nil
}
