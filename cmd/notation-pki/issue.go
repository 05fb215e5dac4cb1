package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

const day = 24 * time.Hour

// issuance is a command line that asks for a certificate.
type issuance struct {
	*cobra.Command

	// make issues the certificate; the issuer is nil for a root.
	make func(issuer *ca.CA, o ca.Options) (*ca.Identity, error)

	output *output
	pki    layout.Folder

	name, issuer, subject, keyType string
	days                           int
	crlURLs, ocspURLs, uriSANs     []string
	csr                            string
	rotate                         bool

	passphrase, issuerPassphrase *passphrase
}

// addIssuance adds the flags that every kind of certificate has.
func addIssuance(c *cobra.Command, name string, keyType ca.KeyType, days int) *issuance {
	i := &issuance{Command: c, output: addOutput(c)}
	flags := c.Flags()
	addDir(c, &i.pki)
	flags.StringVar(&i.name, "name", name, "`NAME` of the certificate's own folder below --dir")
	flags.StringVar(&i.subject, "subject", "", `distinguished name (`+"`DN`"+`), such as "C=GB, ST=England, O=SKAO, CN=…"; C, ST, O and CN are needed. With --rotate: default that of the generation before`)
	flags.StringVar(&i.keyType, "key-type", string(keyType), fmt.Sprintf("`TYPE` of the new key: one of %v", ca.KeyTypes()))
	flags.IntVar(&i.days, "days", days, "how long the certificate holds, in `DAYS` from now")
	flags.BoolVar(&i.rotate, "rotate", false, "make the next generation beside those that are there")
	i.passphrase = addPassphrase(c, "", "the new key")
	c.Args = noArgs
	c.RunE = func(*cobra.Command, []string) error { return i.run() }
	return i
}

// addIssuer adds the flags of a certificate that another CA issues.
func (i *issuance) addIssuer(name, revokedBy string) {
	flags := i.Flags()
	flags.StringVar(&i.issuer, "issuer", name, "`NAME[/GENERATION]` of the CA that issues it; without a number its newest")
	flags.StringArrayVar(&i.crlURLs, "crl-url", nil, "`URL` where "+revokedBy+" publishes its CRL; http:// only, for notation follows no other. With --rotate under the same issuer: default those of the generation before")
	flags.StringArrayVar(&i.ocspURLs, "ocsp-url", nil, "`URL` of "+revokedBy+"'s OCSP responder; http:// only")
	flags.StringVar(&i.csr, "csr", "", "certify the key of this certificate request `FILE` instead of a new one, so that it can stay in its HSM or Vault; - is standard input")
	i.issuerPassphrase = addPassphrase(i.Command, "issuer-", "the issuer's key")
}

func addDir(c *cobra.Command, pki *layout.Folder) {
	c.Flags().StringVar(&pki.Path, "dir", "skao-pki", "`FOLDER` of the PKI")
}

// run asks for everything before it makes anything: a mistake costs no key and leaves no file.
func (i *issuance) run() error {
	if err := i.output.check(); err != nil {
		return err
	}
	if p := i.issuerPassphrase; p != nil && p.fd >= 0 && p.fd == i.passphrase.fd {
		return usageError("--passphrase-fd and --issuer-passphrase-fd are one descriptor, which can be read once; give each its own")
	}
	options, err := i.options()
	if err != nil {
		return err
	}
	next, err := i.pki.Next(i.name, i.rotate)
	if err != nil {
		return err
	}
	issuer, from, err := i.openIssuer()
	if err != nil {
		return err
	}
	if err := i.settle(next, from, issuer, &options); err != nil {
		return err
	}
	files := map[string][]byte{}
	if options.Public == nil {
		if err := i.newKey(&options, files); err != nil {
			return err
		}
	}
	identity, err := i.make(issuer, options)
	if err != nil {
		return err
	}
	if broken := rules.Violations(identity.Chain); len(broken) > 0 {
		return fmt.Errorf("nothing was written, since no verifier would take it: %s", broken[0].Text)
	}
	if err := i.sameAsBefore(next, identity.Cert); err != nil {
		return err
	}
	if from != nil {
		if err := from.Record(identity.Cert); err != nil {
			return fmt.Errorf("nothing was issued, since it could not be recorded: %w", err)
		}
	}
	files[layout.CertFile] = ca.EncodeCertificates(identity.Cert)
	files[layout.ChainFile] = ca.EncodeCertificates(identity.Chain...)
	if err := i.pki.Create(next, files); err != nil {
		return err
	}
	return i.output.print(i.Command, newIssued(next, identity))
}

// options reads the flags.
func (i *issuance) options() (ca.Options, error) {
	o := ca.Options{KeyType: ca.KeyType(i.keyType), CRLURLs: i.crlURLs, OCSPURLs: i.ocspURLs}
	if !slices.Contains(ca.KeyTypes(), o.KeyType) {
		return o, usageError("--key-type %q is none of %v", i.keyType, ca.KeyTypes())
	}
	if i.days < 1 || i.days > maxDays {
		return o, usageError("--days %d: a certificate holds for 1 to %d days", i.days, maxDays)
	}
	subject, err := i.readSubject(&o)
	if err != nil {
		return o, err
	}
	if len(subject.Emails) > 0 {
		note(i.Command, "note: %s goes into the subject alternative name: with an emailAddress in its distinguished name no trustedIdentities but \"*\" match a signer",
			strings.Join(subject.Emails, ", "))
	}
	o.Subject, o.EmailAddresses = subject.Name, subject.Emails
	for _, text := range slices.Concat(i.crlURLs, i.ocspURLs) {
		if u, err := url.Parse(text); err != nil || u.Scheme != "http" || u.Host == "" {
			return o, usageError("%q is no http:// URL; notation follows no other, and CRLs and OCSP answers are signed anyway", text)
		}
	}
	for _, text := range i.uriSANs {
		u, err := url.Parse(text)
		if err != nil || !u.IsAbs() {
			return o, usageError("--uri-san %q is no URI that begins with a scheme, such as https://", text)
		}
		o.URIs = append(o.URIs, u)
	}
	return o, nil
}

// readSubject reads --subject, and the request whose key is to be certified. Of the request nothing counts but its key
// and, without --subject, its name: whoever issues decides what a certificate may be used for.
func (i *issuance) readSubject(o *ca.Options) (ca.Subject, error) {
	if i.csr == "" {
		if i.subject == "" && i.rotate {
			return i.subjectBefore()
		}
		if i.subject == "" {
			return ca.Subject{}, usageError(`--subject is missing; such as --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer"`)
		}
		return subjectFlag(i.subject)
	}
	data, err := readInput(i.Command, i.csr)
	if err != nil {
		return ca.Subject{}, err
	}
	request, err := ca.ReadRequest(data)
	if err != nil {
		return ca.Subject{}, fmt.Errorf("%s: %w", i.csr, err)
	}
	if i.Flags().Changed("key-type") {
		return ca.Subject{}, usageError("--key-type goes with a new key, and --csr brings its own")
	}
	o.Public = request.PublicKey
	if len(request.Extensions) > 0 {
		note(i.Command, "note: the extensions that the request asks for are not taken over; what the certificate may be used for is decided here")
	}
	if i.subject != "" {
		return subjectFlag(i.subject)
	}
	subject, err := ca.SubjectOf(request.Subject)
	if err != nil {
		return ca.Subject{}, fmt.Errorf("%s: %w; --subject sets another", i.csr, err)
	}
	return subject, nil
}

// subjectBefore is the subject of the generation that is there: whoever trusts it by name goes on trusting the next.
func (i *issuance) subjectBefore() (ca.Subject, error) {
	last, err := i.pki.Find(i.name)
	if err != nil {
		return ca.Subject{}, err
	}
	chain, err := last.Chain()
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

func subjectFlag(text string) (ca.Subject, error) {
	subject, err := ca.ParseSubject(text)
	if err != nil {
		return subject, usageError("%w", err)
	}
	return subject, nil
}

// openIssuer unlocks the CA that issues, if there is to be one.
func (i *issuance) openIssuer() (*ca.CA, *layout.Generation, error) {
	if i.issuer == "" {
		return nil, nil, nil
	}
	from, err := i.pki.Find(i.issuer)
	if err != nil {
		return nil, nil, err
	}
	if err := refuseRevoked(i.pki, from, "issue with"); err != nil {
		return nil, nil, err
	}
	i.issuerPassphrase.of = from.String()
	issuer, err := from.CA(i.issuerPassphrase.get)
	if err != nil {
		return nil, nil, err
	}
	return issuer, &from, nil
}

func daysUntil(t, now time.Time) int { return int(t.Sub(now) / day) }

// newKey makes a key, and its encrypted file.
func (i *issuance) newKey(o *ca.Options, files map[string][]byte) error {
	secret, err := i.passphrase.choose()
	if err != nil {
		return err
	}
	if strings.HasPrefix(i.keyType, "rsa") {
		note(i.Command, "making a key of type %s (some seconds)", i.keyType)
	}
	key, err := o.KeyType.Generate()
	if err != nil {
		return err
	}
	o.Key = key
	files[layout.KeyFile], err = ca.EncodeEncryptedKey(key, secret)
	return err
}

// issued is the result.
type issued struct {
	Name            string    `json:"name"`
	Generation      int       `json:"generation"`
	Folder          string    `json:"folder"`
	Certificate     string    `json:"certificate"`
	Chain           string    `json:"chain"`
	Key             string    `json:"key,omitempty"`
	Subject         string    `json:"subject"`
	TrustedIdentity string    `json:"trustedIdentity"`
	Serial          string    `json:"serial"`
	SHA256          string    `json:"sha256"`
	NotBefore       time.Time `json:"notBefore"`
	NotAfter        time.Time `json:"notAfter"`
}

func newIssued(g layout.Generation, identity *ca.Identity) issued {
	cert := identity.Cert
	result := issued{
		Name: g.Name, Generation: g.Number, Folder: g.Dir,
		Certificate: g.File(layout.CertFile), Chain: g.File(layout.ChainFile),
		Subject: cert.Subject.String(), TrustedIdentity: ca.TrustedIdentity(cert),
		Serial: layout.Serial(cert.SerialNumber), SHA256: ca.Thumbprint(cert),
		NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(),
	}
	if identity.Key != nil {
		result.Key = g.File(layout.KeyFile)
	}
	return result
}

func (i issued) text() string {
	return fmt.Sprintf("%s\n  subject      %s\n  serial       %s\n  ends         %s\n  certificate  %s\n  chain        %s\n  key          %s\n",
		i.Folder, printable.Text(i.Subject), i.Serial, i.NotAfter.Format(time.DateOnly), i.Certificate, i.Chain,
		cmp.Or(i.Key, "not here: it stays where the request was made"))
}
