package provider

import "time"

// LapseBy names what ends, and with it the verdict. The list is closed.
type LapseBy string

const (
	// LapseSignature is the expiry that the signer gave the signature.
	LapseSignature LapseBy = "signature"
	// LapseSigner is the signing certificate, where no timestamp covers the signature.
	LapseSigner LapseBy = "signer"
	// LapseIntermediate is a CA's certificate between the signer and the root.
	LapseIntermediate LapseBy = "intermediate"
	// LapseRoot is the certificate that the trust store has.
	LapseRoot LapseBy = "root"
	// LapseRevocation is the CRL or OCSP answer about the signing chain that ends first.
	LapseRevocation LapseBy = "revocation"
	// LapseTimestampRevocation is the same about the chain of the timestamping authority.
	LapseTimestampRevocation LapseBy = "timestamp-revocation"
)

// Lapses returns every LapseBy there is.
func Lapses() []LapseBy {
	return []LapseBy{LapseSignature, LapseSigner, LapseIntermediate, LapseRoot, LapseRevocation, LapseTimestampRevocation}
}

// Renewed tells whether a CA renews it by itself, as a list of revoked certificates. What is not renewed lasts until
// somebody signs again, or issues another certificate.
func (by LapseBy) Renewed() bool { return by == LapseRevocation || by == LapseTimestampRevocation }

// Lapse is the end of a fact that a verified verdict rests on.
type Lapse struct {
	By LapseBy `json:"by"`
	// Subject is the distinguished name of the certificate; "" for what is none.
	Subject string `json:"subject,omitempty"`
	// At is when it ends.
	At time.Time `json:"at"`
}
