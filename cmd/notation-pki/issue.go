package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/folder"
	"gitlab.com/ska-telescope/notation-provider/provider/pki"
)

const day = 24 * time.Hour

// issuance is a command line that asks for a certificate.
type issuance struct {
	*cobra.Command

	// make issues the certificate; the issuer is nil for a root.
	make func(issuer *pki.CA, o pki.Options) (*pki.Identity, error)

	output *output
	pki    folder.Folder

	name, issuer, subject, keyType string
	days                           int
	crlURLs, ocspURLs, uriSANs     []string
	csr                            string
	rotate                         bool

	passphrase, issuerPassphrase *passphrase
}

// addIssuance adds the flags that every kind of certificate has.
func addIssuance(c *cobra.Command, name string, keyType pki.KeyType, days int) *issuance {
	i := &issuance{Command: c, output: addOutput(c)}
	flags := c.Flags()
	addDir(c, &i.pki)
	flags.StringVar(&i.name, "name", name, "`NAME` of the certificate's own folder below --dir")
	flags.StringVar(&i.subject, "subject", "", `distinguished name (`+"`DN`"+`), such as "C=GB, ST=England, O=SKAO, CN=…"; C, ST, O and CN are needed. With --rotate: default that of the generation before`)
	flags.StringVar(&i.keyType, "key-type", string(keyType), fmt.Sprintf("`TYPE` of the new key: one of %v", pki.KeyTypes()))
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
	flags.StringVar(&i.csr, "csr", "", "certify the key of this certificate request `FILE` instead of a new one, so that it can stay in its HSM or Vault")
	i.issuerPassphrase = addPassphrase(i.Command, "issuer-", "the issuer's key")
}

func addDir(c *cobra.Command, pki *folder.Folder) {
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
	if err := errors.Join(i.sameURLs(issuer, &options), i.fit(issuer, &options), i.ownCRL(issuer, from, options.CRLURLs)); err != nil {
		return err
	}
	if err := i.ownName(next, options.Subject); err != nil {
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
	if broken := pki.Breaches(identity.Chain); len(broken) > 0 {
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
	files[folder.CertFile] = pki.EncodeCertificates(identity.Cert)
	files[folder.ChainFile] = pki.EncodeCertificates(identity.Chain...)
	if err := i.pki.Create(next, files); err != nil {
		return err
	}
	return i.output.print(i.Command, newIssued(next, identity))
}

// options reads the flags.
func (i *issuance) options() (pki.Options, error) {
	o := pki.Options{KeyType: pki.KeyType(i.keyType), CRLURLs: i.crlURLs, OCSPURLs: i.ocspURLs}
	if !slices.Contains(pki.KeyTypes(), o.KeyType) {
		return o, usageError("--key-type %q is none of %v", i.keyType, pki.KeyTypes())
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
func (i *issuance) readSubject(o *pki.Options) (pki.Subject, error) {
	if i.csr == "" {
		if i.subject == "" && i.rotate {
			return i.subjectBefore()
		}
		if i.subject == "" {
			return pki.Subject{}, usageError(`--subject is missing; such as --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer"`)
		}
		return subjectFlag(i.subject)
	}
	data, err := os.ReadFile(i.csr)
	if err != nil {
		return pki.Subject{}, err
	}
	request, err := pki.ReadRequest(data)
	if err != nil {
		return pki.Subject{}, fmt.Errorf("%s: %w", i.csr, err)
	}
	if i.Flags().Changed("key-type") {
		return pki.Subject{}, usageError("--key-type goes with a new key, and --csr brings its own")
	}
	o.Public = request.PublicKey
	if len(request.Extensions) > 0 {
		note(i.Command, "note: the extensions that the request asks for are not taken over; what the certificate may be used for is decided here")
	}
	if i.subject != "" {
		return subjectFlag(i.subject)
	}
	subject, err := pki.SubjectOf(request.Subject)
	if err != nil {
		return pki.Subject{}, fmt.Errorf("%s: %w; --subject sets another", i.csr, err)
	}
	return subject, nil
}

// subjectBefore is the subject of the generation that is there: whoever trusts it by name goes on trusting the next.
func (i *issuance) subjectBefore() (pki.Subject, error) {
	last, err := i.pki.Find(i.name)
	if err != nil {
		return pki.Subject{}, err
	}
	chain, err := last.Chain()
	if err != nil {
		return pki.Subject{}, err
	}
	subject, err := pki.SubjectOf(chain[0].Subject)
	if err != nil {
		return pki.Subject{}, fmt.Errorf("%s: %w; --subject sets another", last, err)
	}
	for _, email := range chain[0].EmailAddresses {
		if !slices.Contains(subject.Emails, email) { // openssl's email:copy leaves it in the name as well
			subject.Emails = append(subject.Emails, email)
		}
	}
	return subject, nil
}

func subjectFlag(text string) (pki.Subject, error) {
	subject, err := pki.ParseSubject(text)
	if err != nil {
		return subject, usageError("%w", err)
	}
	return subject, nil
}

// openIssuer unlocks the CA that issues, if there is to be one.
func (i *issuance) openIssuer() (*pki.CA, *folder.Generation, error) {
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
	ca, err := from.CA(i.issuerPassphrase.get)
	if err != nil {
		return nil, nil, err
	}
	return ca, &from, nil
}

// sameURLs takes over, when it rotates, where the generation before says that it may be revoked, unless another CA issues
// this one: forgotten URLs would make a certificate that nobody can revoke.
func (i *issuance) sameURLs(issuer *pki.CA, o *pki.Options) error {
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
func (i *issuance) fit(issuer *pki.CA, o *pki.Options) error {
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
		return fmt.Errorf("%q ended on %s; make its next generation by --rotate first", issuer.Cert.Subject, ends.Format(time.DateOnly))
	case ends.Before(o.NotAfter) && i.Flags().Changed("days"):
		return fmt.Errorf("--days %d goes beyond %q, which ends on %s, in %d days; ask for fewer, or make its next generation by --rotate first",
			i.days, issuer.Cert.Subject, ends.Format(time.DateOnly), daysUntil(ends, now))
	case ends.Before(o.NotAfter):
		note(i.Command, "note: it ends with %q, on %s, in %d days; make that one's next generation by --rotate for longer",
			issuer.Cert.Subject, ends.Format(time.DateOnly), daysUntil(ends, now))
		o.NotAfter = ends
	}
	return nil
}

// ownCRL refuses the URL of another list: each generation of each CA signs its own, and one URL can serve one of them.
func (i *issuance) ownCRL(issuer *pki.CA, from *folder.Generation, urls []string) error {
	if from == nil {
		return nil
	}
	for _, u := range issuer.Cert.CRLDistributionPoints {
		if slices.Contains(urls, u) {
			return fmt.Errorf("%s is where the issuer of %s publishes its CRL; %[2]s has a list of its own: give it a URL of its own", u, from)
		}
	}
	return i.each(func(other folder.Generation, chain []*x509.Certificate) error {
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
func (i *issuance) ownName(next folder.Generation, subject pkix.Name) error {
	if i.csr == "" || i.subject != "" {
		return nil
	}
	return i.each(func(other folder.Generation, chain []*x509.Certificate) error {
		if other.Name != next.Name && chain[0].Subject.String() == subject.String() {
			return fmt.Errorf("%s names itself %q, which is %s; if it is to be trusted as that one is, say so by --subject", i.csr, subject, other)
		}
		return nil
	})
}

// each goes through all generations of all names.
func (i *issuance) each(do func(folder.Generation, []*x509.Certificate) error) error {
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
func (i *issuance) sameAsBefore(next folder.Generation, cert *x509.Certificate) error {
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
	if was, is := pki.RoleOf(before[0]), pki.RoleOf(cert); was != is {
		return fmt.Errorf("%s is a certificate for another use (%s), and its next generation cannot be one for this (%s); choose another --name", last, was, is)
	}
	if was, is := pki.TrustedIdentity(before[0]), pki.TrustedIdentity(cert); was != is {
		note(i.Command, "note: %s was %q; a trust policy that names it does not trust the new one", last, was)
	}
	return nil
}

func daysUntil(t, now time.Time) int { return int(t.Sub(now) / day) }

// newKey makes a key, and its encrypted file.
func (i *issuance) newKey(o *pki.Options, files map[string][]byte) error {
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
	files[folder.KeyFile], err = pki.EncodeEncryptedKey(key, secret)
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

func newIssued(g folder.Generation, identity *pki.Identity) issued {
	cert := identity.Cert
	result := issued{
		Name: g.Name, Generation: g.Number, Folder: g.Dir,
		Certificate: g.File(folder.CertFile), Chain: g.File(folder.ChainFile),
		Subject: cert.Subject.String(), TrustedIdentity: pki.TrustedIdentity(cert),
		Serial: folder.Serial(cert.SerialNumber), SHA256: pki.Thumbprint(cert),
		NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(),
	}
	if identity.Key != nil {
		result.Key = g.File(folder.KeyFile)
	}
	return result
}

func (i issued) text() string {
	return fmt.Sprintf("%s\n  subject      %s\n  serial       %s\n  ends         %s\n  certificate  %s\n  chain        %s\n  key          %s\n",
		i.Folder, printable(i.Subject), i.Serial, i.NotAfter.Format(time.DateOnly), i.Certificate, i.Chain,
		cmp.Or(i.Key, "not here: it stays where the request was made"))
}

// newRootCA makes the verb root.
func newRootCA() *cobra.Command {
	c := &cobra.Command{
		Use:   "root --subject DN",
		Short: "Make a root CA, on a machine that is offline",
		Long: `Makes a root CA: the certificate that verifiers trust. By default an RSA-4096 key and
100 years. Its key is needed to issue intermediates and to revoke them, never to sign
images: make it on a machine that is offline, and lock it away.`,
		Example: `  notation-pki root --subject "C=GB, ST=England, O=SKAO, CN=SKAO Root CA"
  notation-pki root --subject "C=GB, ST=England, O=SKAO, CN=SKAO Root CA" --passphrase-file root.pass --rotate`,
	}
	i := addIssuance(c, "root", pki.RSA4096, 36500)
	i.make = func(_ *pki.CA, o pki.Options) (*pki.Identity, error) { return identityOf(pki.NewRoot(o)) }
	return c
}

// newIntermediate makes the verb intermediate.
func newIntermediate() *cobra.Command {
	c := &cobra.Command{
		Use:   "intermediate --subject DN",
		Short: "Issue the intermediate CA that issues signers",
		Long: `Issues a CA below the root that can issue signers and no further CA (pathlen:0). By
default an RSA-4096 key and ten years. Its folder is all it needs: carry it, without the
root's key, to the machine that issues signers.`,
		Example: `  notation-pki intermediate --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Intermediate CA" --crl-url http://pki.skao.int/root-1.crl

  # Its key is in Vault, and stays there:
  notation-pki intermediate --csr vault.csr --crl-url http://pki.skao.int/root-1.crl`,
	}
	i := addIssuance(c, "intermediate", pki.RSA4096, 3650)
	i.addIssuer("root", "the root")
	i.make = func(issuer *pki.CA, o pki.Options) (*pki.Identity, error) { return identityOf(issuer.Intermediate(o)) }
	return c
}

// newSigner makes the verb signer.
func newSigner() *cobra.Command {
	c := &cobra.Command{
		Use:   "signer --subject DN",
		Short: "Issue a certificate that signs images and nothing else",
		Long: `Issues a certificate that signs images and nothing else. By default an EC P-256 key
and one year; --key-type rsa-3072 for those who must have RSA.`,
		Example: `  notation-pki signer --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer" --crl-url http://pki.skao.int/intermediate-1.crl

  # A year later, beside the one that is there:
  notation-pki signer --rotate

  # The key is in an HSM or in Vault, and stays there:
  notation-pki signer --csr signer.csr --crl-url http://pki.skao.int/intermediate-1.crl`,
	}
	i := addIssuance(c, "signer", pki.ECP256, 365)
	i.addIssuer("intermediate", "the intermediate")
	c.Flags().StringArrayVar(&i.uriSANs, "uri-san", nil, "`URI` to put into the subject alternative name")
	i.make = func(issuer *pki.CA, o pki.Options) (*pki.Identity, error) {
		if issuer.Cert.MaxPathLen != 0 {
			note(c, "note: %s may issue CAs too; an intermediate with pathlen:0 is the safer issuer of signers", issuer.Cert.Subject)
		}
		return issuer.Signer(o)
	}
	return c
}

func identityOf(ca *pki.CA, err error) (*pki.Identity, error) {
	if err != nil {
		return nil, err
	}
	return &ca.Identity, nil
}
