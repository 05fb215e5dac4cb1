package server

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// soon is how long before its end a certificate is worth a warning.
const soon = 30 * 24 * time.Hour

// Warnings lists why Gatekeeper would refuse the serving certificate, now or soon, one sentence
// each. Host is that of the Provider's url; without it the certificate should be for a
// Kubernetes service.
func (i *Identity) Warnings(host string, now time.Time) []string {
	chain := i.chain()
	leaf := chain[0]
	var found []string
	if !isFor(leaf, x509.ExtKeyUsageServerAuth) {
		found = append(found, "the serving certificate is not for server authentication: Gatekeeper refuses it; issue one with the extended key usage serverAuth")
	}
	names := printable.Text(strings.Join(namesOf(leaf), ", "))
	switch {
	case names == "":
		found = append(found, "the serving certificate has no subject alternative name: Gatekeeper refuses it; issue one with the host of the Provider's url as DNS name")
	case host != "" && leaf.VerifyHostname(host) != nil:
		found = append(found, fmt.Sprintf("the serving certificate is for %s, and not for %s, the host of the Provider's url: Gatekeeper refuses it; issue one with that name", names, printable.Quote(host)))
	case host == "" && !slices.ContainsFunc(leaf.DNSNames, isService):
		found = append(found, fmt.Sprintf("the serving certificate is for %s, and for no Kubernetes service, like notation-provider.notation-provider.svc: Gatekeeper refuses it "+
			"unless the Provider's url has that host; check it with --provider-url URL", names))
	}
	for _, c := range chain {
		found = append(found, warnOfEnd("serving", c, now)...)
	}
	return found
}

// Warnings lists why client certificates would be refused, now or soon, one sentence each.
func (c *ClientCA) Warnings(now time.Time) []string {
	var found []string
	for _, cert := range c.current.Load().certs {
		if !cert.IsCA {
			found = append(found, fmt.Sprintf("the client CA file has %s, which is the certificate of no CA: no client certificate comes from it; "+
				"give ca.crt of Gatekeeper's webhook secret", printable.Quote(cert.Subject)))
		}
		found = append(found, warnOfEnd("client-ca", cert, now)...)
	}
	return found
}

// chain is the serving certificate and its intermediates.
func (i *Identity) chain() []*x509.Certificate {
	pair := i.current.Load()
	chain := []*x509.Certificate{pair.Leaf}
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil { // take has parsed it already
			chain = append(chain, c)
		}
	}
	return chain
}

func warnOfEnd(use string, c *x509.Certificate, now time.Time) []string {
	if c.NotAfter.Sub(now) >= soon {
		return nil
	}
	return []string{fmt.Sprintf("the %s certificate %s ends on %s; renew it", use, printable.Quote(c.Subject), c.NotAfter.UTC().Format(time.DateOnly))}
}

// isFor tells whether a certificate may be used for a purpose: one without usages may be used for any.
func isFor(c *x509.Certificate, usage x509.ExtKeyUsage) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 || slices.Contains(c.ExtKeyUsage, usage) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// namesOf are the names that a server with the certificate may be called by.
func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, address := range c.IPAddresses {
		names = append(names, address.String())
	}
	return names
}

// isService tells whether a name is one of a Kubernetes service, with its namespace.
func isService(name string) bool {
	return strings.HasSuffix(name, ".svc") || strings.Contains(name, ".svc.")
}
