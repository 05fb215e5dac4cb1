package issue

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/input"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// maxDays keeps the end of a certificate within what X.509 can express.
const maxDays = 100_000

// readFlags turns the command line into the options of a certificate.
func (r *Request) readFlags() error {
	if r.Passphrase.SameDescriptor(r.IssuerPassphrase) {
		return cli.UsageError("--passphrase-fd and --issuer-passphrase-fd are one descriptor, which can be read once; give each its own")
	}
	r.options = ca.Options{KeyType: ca.KeyType(r.KeyType), CRLURLs: r.CRLURLs, OCSPURLs: r.OCSPURLs}
	if !slices.Contains(ca.KeyTypes(), r.options.KeyType) {
		return cli.UsageError("--key-type %q is not known; %s", r.KeyType, spelling.Advice(r.KeyType, ca.KeyTypes()))
	}
	if r.Days < 1 || r.Days > maxDays {
		return cli.UsageError("--days %d: a certificate is valid for 1 to %d days", r.Days, maxDays)
	}
	subject, err := r.readSubject()
	if err != nil {
		return err
	}
	if len(subject.Emails) > 0 {
		r.note("note: %s goes into the subject alternative name: with an emailAddress in its distinguished name no trustedIdentities but \"*\" match a signer",
			strings.Join(subject.Emails, ", "))
	}
	r.options.Subject, r.options.EmailAddresses = subject.Name, subject.Emails
	if err := r.readURLs(); err != nil || r.Rotate {
		return err // the next generation may take over the URLs of the last
	}
	return r.checkRevocable()
}

// checkRevocable has it decided on the command line that a certificate can never be revoked. Otherwise that is found out
// when its key has leaked, and cannot be mended then.
func (r *Request) checkRevocable() error {
	named := len(r.options.CRLURLs)+len(r.options.OCSPURLs) > 0
	switch {
	case r.Issuer == "":
		return nil // no CA revokes itself
	case named && r.NoRevocation:
		return cli.UsageError("--no-revocation and --crl-url or --ocsp-url contradict each other; leave one out")
	case !named && !r.NoRevocation:
		return cli.UsageError("--crl-url or --ocsp-url is missing: without a place to ask this certificate can never be revoked; such as --crl-url http://pki.example.org/%s-1.crl, "+
			"or --no-revocation if that is meant", strings.Split(r.Issuer, "/")[0])
	}
	return nil
}

func (r *Request) readURLs() error {
	for _, text := range slices.Concat(r.CRLURLs, r.OCSPURLs) {
		if u, err := url.Parse(text); err != nil || u.Scheme != "http" || u.Host == "" {
			return cli.UsageError("%q is no http:// URL; notation follows no other, and CRLs and OCSP answers are signed anyway", text)
		}
	}
	for _, text := range r.URISANs {
		u, err := url.Parse(text)
		if err != nil || !u.IsAbs() {
			return cli.UsageError("--uri-san %q is no URI that begins with a scheme, such as https://", text)
		}
		r.options.URIs = append(r.options.URIs, u)
	}
	return nil
}

// readSubject reads --subject or, without it, takes the subject of the request or of the last generation.
func (r *Request) readSubject() (ca.Subject, error) {
	if r.CSR != "" {
		return r.readRequest()
	}
	if r.Subject == "" && r.Rotate {
		return r.lastSubject()
	}
	if r.Subject == "" {
		return ca.Subject{}, cli.UsageError(`--subject is missing; such as --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer"`)
	}
	return parseSubject(r.Subject)
}

// readRequest takes the key of a certificate request and, without --subject, its name. Nothing else in the request counts:
// the issuer decides what a certificate may be used for.
func (r *Request) readRequest() (ca.Subject, error) {
	data, err := input.Read(r.Command, r.CSR)
	if err != nil {
		return ca.Subject{}, err
	}
	request, err := ca.ReadRequest(data)
	if err != nil {
		return ca.Subject{}, fmt.Errorf("%s: %w", r.CSR, err)
	}
	if r.Command.Flags().Changed("key-type") {
		return ca.Subject{}, cli.UsageError("--key-type goes with a new key, and --csr brings its own")
	}
	r.options.Public = request.PublicKey
	if len(request.Extensions) > 0 {
		r.note("note: the extensions that the request asks for are not taken over; what the certificate may be used for is decided here")
	}
	if r.Subject != "" {
		return parseSubject(r.Subject)
	}
	subject, err := ca.SubjectOf(request.Subject)
	if err != nil {
		return ca.Subject{}, fmt.Errorf("%s: %w; --subject sets another", r.CSR, err)
	}
	return subject, nil
}

// lastSubject is the subject of the last generation: a trust policy that names it trusts the next one too.
func (r *Request) lastSubject() (ca.Subject, error) {
	last, chain, err := r.lastChain(r.Name)
	if err != nil {
		return ca.Subject{}, err
	}
	subject, err := ca.SubjectOf(chain[0].Subject)
	if err != nil {
		return ca.Subject{}, fmt.Errorf("%s: %w; --subject sets another", last, err)
	}
	for _, email := range chain[0].EmailAddresses {
		if !slices.Contains(subject.Emails, email) { // openssl's email:copy leaves it in the name as well
			subject.Emails = append(subject.Emails, email)
		}
	}
	return subject, nil
}

func parseSubject(text string) (ca.Subject, error) {
	subject, err := ca.ParseSubject(text)
	if err != nil {
		return subject, cli.UsageError("%w", err)
	}
	return subject, nil
}
