package rules

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// Role is what a certificate is made for, read from what it says and not from where it lies in a chain.
type Role string

// The roles, of which every certificate has one.
const (
	RoleRoot         Role = "root"                // a CA that names itself as its issuer
	RoleIntermediate Role = "intermediate"        // a CA below another
	RoleSigner       Role = "signer"              // signs artifacts, on its own word or a CA's
	RoleTSA          Role = "timestamp-authority" // signs timestamps and nothing else
	RoleOther        Role = "other"               // has no part in a signature: a TLS server, say
)

// RoleOf reads the role. It asks for no more than what tells the roles apart. A signer may still break every rule there
// is for signers, which is for [Violations] to say.
func RoleOf(cert *x509.Certificate) Role {
	switch {
	case cert.IsCA && selfIssued(cert):
		return RoleRoot
	case cert.IsCA:
		return RoleIntermediate
	case stampsOnly(cert):
		return RoleTSA
	case cert.KeyUsage&x509.KeyUsageDigitalSignature != 0 && !speaksTLS(cert):
		return RoleSigner
	}
	return RoleOther
}

// selfIssued tells by the names alone, so that a root whose signature is broken is still taken for one.
func selfIssued(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer)
}

func stamps(cert *x509.Certificate) bool {
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageTimeStamping)
}

func speaksTLS(cert *x509.Certificate) bool {
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth) ||
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
}

func stampsOnly(cert *x509.Certificate) bool { return stamps(cert) && purposes(cert) == 1 }

// purposes counts, those included that Go does not know.
func purposes(cert *x509.Certificate) int {
	return len(cert.ExtKeyUsage) + len(cert.UnknownExtKeyUsage)
}
