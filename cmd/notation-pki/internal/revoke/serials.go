package revoke

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/input"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// serials reads what --revoke names. Only certificates that this CA issued can be revoked.
func (r *Request) serials(issuer *x509.Certificate) ([]*big.Int, error) {
	var found []*big.Int
	for _, which := range r.Revoke {
		serial, err := r.serialOf(issuer, which)
		if err != nil {
			return nil, err
		}
		found = append(found, serial)
	}
	return found, nil
}

// serialOf reads a certificate file or, if there is no such file, a serial number.
func (r *Request) serialOf(issuer *x509.Certificate, which string) (*big.Int, error) {
	data, err := input.Read(r.Command, which)
	if errors.Is(err, fs.ErrNotExist) {
		return r.parseSerial(which)
	}
	if err != nil {
		return nil, err
	}
	certs, err := certfile.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", which, err)
	}
	if err := keysize.CheckChain(certs); err != nil {
		return nil, fmt.Errorf("%s: %w", which, err)
	}
	for i := range certs[:len(certs)-1] {
		if keysize.CheckSignatureFrom(certs[i], certs[i+1]) != nil {
			return nil, fmt.Errorf("%s holds %d certificates that are no chain; give each a file and a --revoke of its own", which, len(certs))
		}
	}
	if err := keysize.CheckSignatureFrom(certs[0], issuer); err != nil {
		return nil, fmt.Errorf("%s: %s was not issued by %s but by %s, which alone can revoke it", which, printable.Quote(certs[0].Subject), r.from, printable.Quote(certs[0].Issuer))
	}
	r.noteWithoutCRL(certs[0])
	return certs[0].SerialNumber, nil
}

// noteWithoutCRL warns of a revocation that verifiers cannot see.
func (r *Request) noteWithoutCRL(cert *x509.Certificate) {
	if len(cert.CRLDistributionPoints) == 0 {
		r.note("note: %s names no CRL, so verifiers will not see this; take its identity or its root out of the trust policy as well", printable.Quote(cert.Subject))
	}
}

// parseSerial reads a serial number, which the CA must have recorded.
func (r *Request) parseSerial(which string) (*big.Int, error) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(which), "0x"), ":", "")
	serial, ok := new(big.Int).SetString(digits, 16)
	if !ok || serial.Sign() <= 0 || serial.BitLen() > maxSerialBits {
		return nil, cli.UsageError("--revoke %q is neither a file nor a serial number in hexadecimal, of 20 octets at most", which)
	}
	if r.Unrecorded {
		return serial, nil
	}
	cert, known, err := r.from.Issued(serial)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("%s has no record of a certificate with serial %s: see whether a digit is wrong, or another generation issued it; --unrecorded revokes it all the same",
			r.from, layout.Serial(serial))
	}
	r.noteWithoutCRL(cert)
	return serial, nil
}

// maxSerialBits is the length of the longest serial number, of 20 octets and positive (RFC 5280 section 4.1.2.2).
const maxSerialBits = 159
