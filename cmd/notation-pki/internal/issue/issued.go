package issue

import (
	"cmp"
	"fmt"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Issued is the result of a [Request].
type Issued struct {
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

func newIssued(g layout.Generation, identity *ca.Identity) Issued {
	cert := identity.Cert
	result := Issued{
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

// Text is the result for people.
func (i Issued) Text() string {
	return fmt.Sprintf("%s\n  subject      %s\n  serial       %s\n  ends         %s\n  certificate  %s\n  chain        %s\n  key          %s\n",
		i.Folder, printable.Text(i.Subject), i.Serial, i.NotAfter.Format(time.DateOnly), i.Certificate, i.Chain,
		cmp.Or(i.Key, "not here: it stays where the request was made"))
}
