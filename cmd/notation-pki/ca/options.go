package ca

import (
	"cmp"
	"crypto"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"time"
)

const day = 24 * time.Hour

// backdate is how long before its making a certificate starts to be valid, so that a verifier whose clock lags accepts it.
const backdate = 5 * time.Minute

// Options say what a certificate holds. The zero value works for every kind that this package issues.
type Options struct {
	// Subject is the distinguished name. Default: C=XX, ST=Example, O=Example, which belong to no country (ISO 3166 leaves XX to its
	// users), and a common name that tells the kind.
	// C, ST and O must be there, or no trusted identity of a trust policy can match. It never holds an emailAddress.
	Subject pkix.Name

	// KeyType is the type of the key to generate. Default: [ECP256]. Ignored when Key is set.
	KeyType KeyType

	// Key is used instead of a new one: RSA keys are slow to make, and others live elsewhere.
	Key crypto.Signer

	// Public is certified instead of a key of ours, for one that never leaves its HSM or Vault: see [ReadRequest]. The
	// identity has no Key then. It comes before Key and KeyType.
	Public crypto.PublicKey

	// NotBefore is when the certificate starts to hold. Default: five minutes ago, not before its issuer.
	NotBefore time.Time

	// NotAfter is when it ends. Default: 100 years for a root, 10 years for an intermediate and a timestamp
	// authority, one year for all others. These count from now or from a later NotBefore on, and never go past its
	// issuer.
	NotAfter time.Time

	// PathLen is how many CAs may follow this one in a chain. Default: unbounded for a root, none for an intermediate.
	// Ignored for a certificate that is no CA.
	PathLen *int

	// CRLURLs and OCSPURLs are where the issuer of this certificate tells whether it is revoked. notation follows
	// http:// only. Default: none, which notation takes for a certificate that cannot be revoked.
	CRLURLs, OCSPURLs []string

	// DNSNames, IPAddresses, URIs and EmailAddresses are the subject's alternative names. Default: none.
	DNSNames       []string
	IPAddresses    []net.IP
	URIs           []*url.URL
	EmailAddresses []string
}

// keys are the key to certify, the caller's or a new one, and its private half unless that is not ours to have.
func (o Options) keys() (crypto.PublicKey, crypto.Signer, error) {
	if o.Public != nil {
		return o.Public, nil, nil
	}
	key := o.Key
	if key == nil {
		var err error
		if key, err = cmp.Or(o.KeyType, ECP256).Generate(); err != nil {
			return nil, nil, err
		}
	}
	return key.Public(), key, nil
}

// subject is the caller's name, or the default one for this kind of certificate.
func (o Options) subject(commonName string) pkix.Name {
	if len(o.Subject.ToRDNSequence()) > 0 {
		return o.Subject
	}
	return pkix.Name{Country: []string{"XX"}, Province: []string{"Example"}, Organization: []string{"Example"}, CommonName: commonName}
}

// validity is when the certificate holds. Defaults stay within the issuer's own; what the caller asks for is not bent.
// A leaf that outlives its issuer is a case worth making.
func (o Options) validity(lifetime time.Duration, issuer *CA) (notBefore, notAfter time.Time) {
	now := time.Now()
	notBefore, notAfter = o.NotBefore, o.NotAfter
	if notBefore.IsZero() {
		notBefore = now.Add(-backdate)
		if issuer != nil {
			notBefore = later(notBefore, issuer.Cert.NotBefore)
		}
	}
	if notAfter.IsZero() {
		notAfter = later(notBefore, now).Add(lifetime)
		if issuer != nil && notAfter.After(issuer.Cert.NotAfter) {
			notAfter = issuer.Cert.NotAfter
		}
	}
	return notBefore.UTC().Truncate(time.Second), notAfter.UTC().Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
