package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// backdate is how long before its making a certificate starts to be valid: clocks of other
// machines may be behind. Those that live for less than ten hours start a tenth before.
const backdate = time.Hour

// Pair is a certificate with its private key, as they stand in a Secret. The zero value
// is no pair.
type Pair struct {
	Cert            *x509.Certificate
	CertPEM, KeyPEM []byte
	key             crypto.Signer
}

// None tells whether there is no pair.
func (p Pair) None() bool { return p.Cert == nil }

// Read reads a certificate in PEM and the private key that belongs to it. It is an error
// if they do not belong together, or if the first certificate is not the only one.
func Read(certPEM, keyPEM []byte) (Pair, error) {
	both, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return Pair{}, err
	}
	if len(both.Certificate) != 1 {
		return Pair{}, fmt.Errorf("there are %d certificates, want one", len(both.Certificate))
	}
	key, ok := both.PrivateKey.(crypto.Signer)
	if !ok {
		return Pair{}, errors.New("the private key cannot sign")
	}
	if err := keysize.Check(both.Leaf); err != nil {
		return Pair{}, err
	}
	return Pair{Cert: both.Leaf, CertPEM: certPEM, KeyPEM: keyPEM, key: key}, nil
}

// NewCA makes a CA with a new key that is valid from now on.
func NewCA(now time.Time, validity time.Duration) (Pair, error) {
	template, err := template(now, now.Add(validity), "notation-provider serving CA ")
	if err != nil {
		return Pair{}, err
	}
	template.Subject.CommonName += hex.EncodeToString(template.SerialNumber.Bytes()[:4])
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	return sign(template, Pair{Cert: template})
}

// Issue makes a serving certificate with a new key for DNS names. It is valid from now on,
// and never for longer than the CA.
func (p Pair) Issue(now time.Time, validity time.Duration, names []string) (Pair, error) {
	until := now.Add(validity)
	if until.After(p.Cert.NotAfter) {
		until = p.Cert.NotAfter
	}
	template, err := template(now, until, "notation-provider")
	if err != nil {
		return Pair{}, err
	}
	template.DNSNames = names
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return sign(template, p)
}

func template(now, until time.Time, name string) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and of one length (RFC 5280 section 4.1.2.2)
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-min(backdate, until.Sub(now)/10)),
		NotAfter:              until,
		BasicConstraintsValid: true,
	}, nil
}

// sign makes a key and a certificate for it. An issuer without a key signs itself.
func sign(template *x509.Certificate, issuer Pair) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	if issuer.key == nil {
		issuer.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Cert, key.Public(), issuer.key)
	if err != nil {
		return Pair{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Read(PEM(&x509.Certificate{Raw: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// PEM writes certificates one after another.
func PEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// Fingerprint is the SHA-256 of a certificate in hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
