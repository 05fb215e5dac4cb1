package rig

import (
	"cmp"
	"crypto"
	"crypto/x509/pkix"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// PKI is a root, an intermediate below it, and a signer below that.
type PKI struct {
	Root, Intermediate *ca.CA
	Signer             *ca.Identity

	// RootRevocation revokes intermediates, SignerRevocation revokes signers. Certificates name them only if
	// [PKIOptions] asks for CRLs or OCSP.
	RootRevocation, SignerRevocation *RevocationServer

	options PKIOptions
	root    Published
	signers Published
}

// PKIOptions say what kind of PKI to make. The zero value makes one like SKAO's, of elliptic curve keys.
type PKIOptions struct {
	// Organization is the O of every subject. Default: "SKAO". Two PKIs of one organization differ in keys only.
	Organization string

	// KeyType is the type of every key. Default: [ca.ECP256].
	KeyType ca.KeyType

	// Key is used for every certificate instead of new ones, since RSA keys are slow to make.
	Key crypto.Signer

	// CRL and OCSP name the environment's endpoints in the certificates of intermediate and signers.
	CRL, OCSP bool
}

// NewPKI makes a PKI whose CAs have been there for ten years and whose signer is new.
func (w *Env) NewPKI(opts PKIOptions) (*PKI, error) {
	opts.Organization = cmp.Or(opts.Organization, "SKAO")
	p := &PKI{options: opts}
	var err error
	if p.Root, err = ca.NewRoot(p.caOptions("Root CA")); err != nil {
		return nil, err
	}
	p.RootRevocation = NewRevocationServer(p.Root)
	p.root = w.Endpoints.Publish(p.RootRevocation)
	if p.Intermediate, err = p.Root.Intermediate(p.revocable(p.caOptions("Intermediate CA"), p.root)); err != nil {
		return nil, err
	}
	p.SignerRevocation = NewRevocationServer(p.Intermediate)
	p.signers = w.Endpoints.Publish(p.SignerRevocation)
	p.Signer, err = p.NewSigner(ca.Options{})
	return p, err
}

// NewSigner issues one more signer below the intermediate. Subject, key, key type and revocation endpoints default to
// those of the PKI.
func (p *PKI) NewSigner(opts ca.Options) (*ca.Identity, error) {
	if len(opts.Subject.ToRDNSequence()) == 0 {
		opts.Subject = subject(p.options.Organization, p.options.Organization+" OCI Signer")
	}
	opts.KeyType = cmp.Or(opts.KeyType, p.options.KeyType)
	if opts.Key == nil {
		opts.Key = p.options.Key
	}
	return p.Intermediate.Signer(p.revocable(opts, p.signers))
}

func (p *PKI) caOptions(commonName string) ca.Options {
	return ca.Options{
		Subject:   subject(p.options.Organization, p.options.Organization+" "+commonName),
		KeyType:   p.options.KeyType,
		Key:       p.options.Key,
		NotBefore: longAgo(),
	}
}

// revocable names the endpoints where the PKI is asked for them, and the caller named none.
func (p *PKI) revocable(opts ca.Options, at Published) ca.Options {
	if p.options.CRL && opts.CRLURLs == nil {
		opts.CRLURLs = []string{at.CRL}
	}
	if p.options.OCSP && opts.OCSPURLs == nil {
		opts.OCSPURLs = []string{at.OCSP}
	}
	return opts
}

func subject(organization, commonName string) pkix.Name {
	return pkix.Name{
		Country:      []string{"GB"},
		Province:     []string{"England"},
		Organization: []string{organization},
		CommonName:   commonName,
	}
}
