package verifier

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxSigners bounds the certificates that are remembered of verified signatures.
const maxSigners = 128

// SignerCertificate is a certificate below the root in the chain of a signature that verified an image. Its end is worth
// an alert: where no timestamp covers the signatures, their images are refused from then on.
type SignerCertificate struct {
	// Use is signer or intermediate.
	Use string
	// Subject is the distinguished name, as Go writes it.
	Subject             string
	NotBefore, NotAfter time.Time
}

// signers remembers the certificates of the signatures that verified images lately.
type signers struct {
	seen *lru.Cache[[sha256.Size]byte, SignerCertificate]
}

func newSigners() (*signers, error) {
	seen, err := lru.New[[sha256.Size]byte, SignerCertificate](maxSigners)
	return &signers{seen}, err
}

// note remembers a chain without its root, which the trust store has.
func (s *signers) note(chain []*x509.Certificate) {
	use := "signer"
	for _, c := range chain[:max(len(chain)-1, 0)] {
		s.seen.Add(sha256.Sum256(c.Raw), SignerCertificate{Use: use, Subject: c.Subject.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter})
		use = "intermediate"
	}
}

// all are the certificates, by use, subject and end, so that a list of them does not change without a reason.
func (s *signers) all() []SignerCertificate {
	list := s.seen.Values()
	slices.SortFunc(list, func(a, b SignerCertificate) int {
		return cmp.Or(strings.Compare(a.Use, b.Use), strings.Compare(a.Subject, b.Subject), a.NotAfter.Compare(b.NotAfter))
	})
	return list
}

// SignerCertificates returns the certificates of the signatures that verified images lately, roots left out.
func (v *Verifier) SignerCertificates() []SignerCertificate { return v.signers.all() }
