package issue

import (
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
)

// Request asks for the next generation of a certificate.
type Request struct {
	// Command is told notes, and its flags say what was set on the command line.
	Command *cobra.Command

	// Make issues the certificate. The issuer is nil for a root.
	Make func(issuer *ca.CA, o ca.Options) (*ca.Identity, error)

	PKI  layout.Folder
	Name string // of the certificate's own folder

	// Issuer is "NAME" or "NAME/GENERATION" of the CA that issues it. Empty: a root.
	Issuer string

	// Subject is a distinguished name. Default: that of the request in CSR or, with Rotate, of the last generation.
	Subject string

	KeyType string
	Days    int // how long the certificate is valid, from now

	CRLURLs, OCSPURLs, URISANs []string

	// NoRevocation makes a certificate below a root that names no place to ask whether it is revoked, and so never can be.
	NoRevocation bool

	// CSR is a file with a certificate request, whose key is certified. Empty: a new key is made.
	CSR string

	// Rotate makes the next generation beside the existing ones.
	Rotate bool

	// Passphrase is that of the new key, IssuerPassphrase that of the issuer's key.
	Passphrase, IssuerPassphrase *passphrase.Source

	options  ca.Options
	next     layout.Generation
	from     *layout.Generation // of the issuer; nil for a root
	issuer   *ca.CA             // nil for a root
	files    map[string][]byte  // to be written
	identity *ca.Identity
}

// Run issues the certificate and writes it into the PKI folder.
func (r *Request) Run() (Issued, error) {
	for _, step := range []func() error{
		r.readFlags,
		r.findGeneration,
		r.unlockIssuer,
		r.preflight,
		r.makeKey,
		r.makeCertificate,
		r.checkRules,
		r.checkSuccession,
		r.record,
		r.write,
	} {
		if err := step(); err != nil {
			return Issued{}, err
		}
	}
	return newIssued(r.next, r.identity), nil
}

func (r *Request) note(format string, args ...any) { cli.Note(r.Command, format, args...) }

func (r *Request) findGeneration() (err error) {
	r.next, err = r.PKI.Next(r.Name, r.Rotate)
	return err
}

// unlockIssuer decrypts the key of the CA that issues, if there is one.
func (r *Request) unlockIssuer() error {
	if r.Issuer == "" {
		return nil
	}
	from, err := r.PKI.Find(r.Issuer)
	if err != nil {
		return err
	}
	if err := r.PKI.RefuseRevoked(from, "issue with"); err != nil {
		return err
	}
	r.from = &from
	r.issuer, err = from.CA(r.IssuerPassphrase.Of(from.String()))
	return err
}

// makeKey makes a key and encrypts its file, unless the key of a request is certified.
func (r *Request) makeKey() error {
	r.files = map[string][]byte{}
	if r.options.Public != nil {
		return nil
	}
	secret, err := r.Passphrase.Choose()
	if err != nil {
		return err
	}
	if strings.HasPrefix(r.KeyType, "rsa") {
		r.note("making a key of type %s (some seconds)", r.KeyType)
	}
	if r.options.Key, err = r.options.KeyType.Generate(); err != nil {
		return err
	}
	r.files[layout.KeyFile], err = ca.EncodeEncryptedKey(r.options.Key, secret)
	return err
}

func (r *Request) makeCertificate() (err error) {
	r.identity, err = r.Make(r.issuer, r.options)
	return err
}

func (r *Request) checkRules() error {
	if broken := rules.Violations(r.identity.Chain); len(broken) > 0 {
		return fmt.Errorf("nothing was written, since no verifier would take it: %s", broken[0].Text)
	}
	return nil
}

// record notes in the issuer's folder that the certificate was issued: a CA can revoke only what it knows of.
func (r *Request) record() error {
	if r.from == nil {
		return nil
	}
	if err := r.from.Record(r.identity.Cert); err != nil {
		return fmt.Errorf("nothing was issued, since it could not be recorded: %w", err)
	}
	return nil
}

func (r *Request) write() error {
	r.files[layout.CertFile] = ca.EncodeCertificates(r.identity.Cert)
	r.files[layout.ChainFile] = ca.EncodeCertificates(r.identity.Chain...)
	return r.PKI.Create(r.next, r.files)
}

// lastChain is the chain of the newest generation of a name.
func (r *Request) lastChain(name string) (layout.Generation, []*x509.Certificate, error) {
	last, err := r.PKI.Find(name)
	if err != nil {
		return last, nil, err
	}
	chain, err := last.Chain()
	return last, chain, err
}
