package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/folder"
	"gitlab.com/ska-telescope/notation-provider/provider/pki"
)

// revocation is a command line that asks for a CRL.
type revocation struct {
	*cobra.Command

	output *output
	pki    folder.Folder

	issuer, reason string
	revoke         []string
	unrecorded     bool
	nextUpdate     duration
	publish        string
	passphrase     *passphrase
}

// newCRL makes the verb crl.
func newCRL() *cobra.Command {
	c := &cobra.Command{
		Use:   "crl --issuer NAME",
		Short: "Issue a CA's next revocation list, and revoke certificates in it",
		Long: `Issues the next certificate revocation list of a CA: all that the last one revoked, and
what --revoke adds. The list is kept below the CA's folder, under its number; --publish
copies it to where the web server shows it under the certificates' --crl-url.

Issue a list before the last one's next update is over, revoked or not: afterwards
verifiers cannot tell, and no image signed below this CA is admitted. A revocation is for
good. It counts for everything that the certificate ever signed, timestamped or not: sign
again first what must go on running.

The reasons: ` + joinReasons() + `.`,
		Example: `  # Every week, from cron, into the folder that the web server shows:
  notation-pki crl --issuer intermediate --passphrase-file oci.pass --publish /srv/pki/intermediate-1.crl

  # A key leaked:
  notation-pki crl --issuer intermediate --revoke skao-pki/signer/1/cert.pem --reason keyCompromise

  # An intermediate is revoked by the root:
  notation-pki crl --issuer root --revoke skao-pki/intermediate/1/cert.pem --reason superseded --next-update 400d`,
		Args: noArgs,
	}
	r := &revocation{Command: c, output: addOutput(c)}
	flags := c.Flags()
	addDir(c, &r.pki)
	flags.StringVar(&r.issuer, "issuer", "", "`NAME[/GENERATION]` of the CA whose list it is; without a number its newest")
	flags.StringArrayVar(&r.revoke, "revoke", nil, "`SERIAL|FILE` of a certificate that this CA issued")
	flags.StringVar(&r.reason, "reason", string(pki.Unspecified), "`REASON` why it is revoked")
	flags.BoolVar(&r.unrecorded, "unrecorded", false, "revoke a serial that is not among those recorded as issued")
	r.nextUpdate = duration(14 * day)
	flags.Var(&r.nextUpdate, "next-update", "how long the list holds, such as 14d or 36h; the next is due before")
	flags.StringVar(&r.publish, "publish", "", "`FILE` to copy the list to as well, in place of this CA's last one: what the web server sends for --crl-url")
	r.passphrase = addPassphrase(flags, "", "the CA's key")
	c.RunE = func(*cobra.Command, []string) error { return r.run() }
	return c
}

func joinReasons() string {
	var all []string
	for _, reason := range pki.RevocationReasons() {
		all = append(all, string(reason))
	}
	return strings.Join(all, ", ")
}

func (r *revocation) run() error {
	if err := r.check(); err != nil {
		return err
	}
	from, err := r.pki.Find(r.issuer)
	if err != nil {
		return err
	}
	last, _, err := from.LastCRL()
	if err != nil {
		return err
	}
	added, err := r.find(from)
	if err != nil {
		return err
	}
	r.passphrase.of = from.String()
	ca, err := from.CA(r.passphrase.get)
	if err != nil {
		return err
	}
	der, number, err := r.issue(ca, last, added)
	if err != nil {
		return err
	}
	if err := r.mayPublish(ca.Cert, number); err != nil {
		return err
	}
	path, err := from.KeepCRL(number, der)
	if err != nil {
		return err
	}
	if r.publish != "" {
		if err := folder.Replace(r.publish, der); err != nil {
			return fmt.Errorf("the list is in %s, and could not be published: %w", path, err)
		}
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return err
	}
	return r.output.print(r.Command, newRevocationList(path, list, added))
}

func (r *revocation) check() error {
	if err := r.output.check(); err != nil {
		return err
	}
	if r.issuer == "" {
		return usageError("--issuer is missing; such as --issuer intermediate")
	}
	if time.Duration(r.nextUpdate) < time.Hour {
		return usageError("--next-update %s: a list holds for an hour at least", &r.nextUpdate)
	}
	if r.Flags().Changed("reason") && len(r.revoke) == 0 {
		return usageError("--reason goes with --revoke")
	}
	reason, err := pki.ParseRevocationReason(r.reason)
	if err != nil {
		return usageError("--reason: %w", err)
	}
	r.reason = string(reason)
	return nil
}

// find reads what --revoke names, and makes sure that it is this CA's to revoke.
func (r *revocation) find(from folder.Generation) ([]*big.Int, error) {
	chain, err := from.Chain()
	if err != nil {
		return nil, err
	}
	var found []*big.Int
	for _, which := range r.revoke {
		serial, err := r.findOne(from, chain[0], which)
		if err != nil {
			return nil, err
		}
		found = append(found, serial)
	}
	return found, nil
}

func (r *revocation) findOne(from folder.Generation, ca *x509.Certificate, which string) (*big.Int, error) {
	data, err := os.ReadFile(which)
	if errors.Is(err, fs.ErrNotExist) {
		return r.findSerial(from, which)
	}
	if err != nil {
		return nil, err
	}
	certs, err := pki.DecodeCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", which, err)
	}
	if err := certs[0].CheckSignatureFrom(ca); err != nil {
		return nil, fmt.Errorf("%s: %q was not issued by %s but by %q, which alone can revoke it", which, certs[0].Subject, from, certs[0].Issuer)
	}
	r.noteUnheard(certs[0])
	return certs[0].SerialNumber, nil
}

// noteUnheard tells when nobody will learn of a revocation.
func (r *revocation) noteUnheard(cert *x509.Certificate) {
	if len(cert.CRLDistributionPoints) == 0 {
		note(r.Command, "note: %q names no CRL, so verifiers will not see this; take its identity or its root out of the trust policy as well", cert.Subject)
	}
}

func (r *revocation) findSerial(from folder.Generation, which string) (*big.Int, error) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(which), "0x"), ":", "")
	serial, ok := new(big.Int).SetString(digits, 16)
	if !ok || serial.Sign() <= 0 {
		return nil, usageError("--revoke %q is neither a file nor a serial number in hexadecimal", which)
	}
	if r.unrecorded {
		return serial, nil
	}
	cert, known, err := from.Issued(serial)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("%s has no record of a certificate with serial %s: see whether a digit is wrong, or another generation issued it; --unrecorded revokes it all the same",
			from, folder.Serial(serial))
	}
	r.noteUnheard(cert)
	return serial, nil
}

// issue makes the list that follows the last one. A certificate that is revoked already keeps its date and reason.
func (r *revocation) issue(ca *pki.CA, last *x509.RevocationList, added []*big.Int) (der []byte, number int64, err error) {
	now := time.Now()
	options := pki.CRLOptions{Number: 1, ThisUpdate: now.Add(-5 * time.Minute), NextUpdate: now.Add(time.Duration(r.nextUpdate))}
	if last != nil {
		if err := last.CheckSignatureFrom(ca.Cert); err != nil {
			return nil, 0, fmt.Errorf("the last CRL, number %s, is not signed by %q: %w", last.Number, ca.Cert.Subject, err)
		}
		if last.Number == nil || !last.Number.IsInt64() {
			return nil, 0, errors.New("the last CRL has no number to count on from")
		}
		options.Number, options.Revoked = last.Number.Int64()+1, slices.Clone(last.RevokedCertificateEntries)
	}
	for _, serial := range added {
		known := slices.ContainsFunc(options.Revoked, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(serial) == 0 })
		if known {
			note(r.Command, "note: %s is revoked already", folder.Serial(serial))
			continue
		}
		options.Revoked = append(options.Revoked, x509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: now.UTC().Truncate(time.Second), ReasonCode: pki.RevocationReason(r.reason).Code(),
		})
	}
	der, err = ca.CRL(options)
	return der, options.Number, err
}

// mayPublish refuses to take the place of anything but an older list of the same CA: another's would make every
// certificate that points there impossible to check.
func (r *revocation) mayPublish(ca *x509.Certificate, number int64) error {
	if r.publish == "" {
		return nil
	}
	data, err := os.ReadFile(r.publish)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	there, err := pki.DecodeCRL(data)
	switch {
	case err != nil:
		return fmt.Errorf("%s is there and is no CRL; nothing was issued: %w", r.publish, err)
	case there.CheckSignatureFrom(ca) != nil:
		return fmt.Errorf("%s is the CRL of another CA or generation, %q; nothing was issued: give each a file and a --crl-url of its own", r.publish, there.Issuer)
	case there.Number != nil && there.Number.Cmp(big.NewInt(number)) >= 0:
		return fmt.Errorf("%s has number %s already and this would be %d: it was issued elsewhere, from a copy of the folder; nothing was issued: bring the newest list into the CA's crl folder first",
			r.publish, there.Number, number)
	}
	return nil
}

// revocationList is a CRL, as crl and inspect tell it.
type revocationList struct {
	File       string    `json:"file"`
	Issuer     string    `json:"issuer"`
	Number     string    `json:"number"`
	ThisUpdate time.Time `json:"thisUpdate"`
	NextUpdate time.Time `json:"nextUpdate"`
	DaysLeft   int       `json:"daysLeft"`
	Revoked    []revoked `json:"revoked"`
	Added      int       `json:"added,omitempty"`
}

type revoked struct {
	Serial string    `json:"serial"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func newRevocationList(file string, list *x509.RevocationList, added []*big.Int) revocationList {
	result := revocationList{
		File: file, Issuer: list.Issuer.String(), Number: cmp.Or(list.Number, new(big.Int)).String(),
		ThisUpdate: list.ThisUpdate.UTC(), NextUpdate: list.NextUpdate.UTC(), DaysLeft: daysUntil(list.NextUpdate, time.Now()),
		Revoked: []revoked{}, Added: len(added),
	}
	for _, entry := range list.RevokedCertificateEntries {
		result.Revoked = append(result.Revoked, revoked{folder.Serial(entry.SerialNumber), string(pki.ReasonOf(entry.ReasonCode)), entry.RevocationTime.UTC()})
	}
	return result
}

func (l revocationList) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  issuer       %s\n  number       %s\n  next update  %s\n", l.File, printable(l.Issuer), l.Number, l.NextUpdate.Format(time.RFC3339))
	for _, r := range l.Revoked {
		fmt.Fprintf(&b, "  revoked      %s  %s  %s\n", r.Serial, r.At.Format(time.DateOnly), r.Reason)
	}
	return b.String()
}
