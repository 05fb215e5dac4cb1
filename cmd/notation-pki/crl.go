package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// revocation is a command line that asks for a CRL.
type revocation struct {
	*cobra.Command

	output *output
	pki    layout.Folder

	issuer, reason string
	revoke         []string
	unrecorded     bool
	nextUpdate     duration
	publish        string
	place          *layout.Publication // nil without --publish
	passphrase     *passphrase
}

// newCRL makes the verb crl.
func newCRL() *cobra.Command {
	c := &cobra.Command{
		Use:   "crl --issuer NAME",
		Short: "Issue a CA's next revocation list, and revoke certificates in it",
		Long: `Issues the next certificate revocation list of a CA: all that the last one revoked, and
what --revoke adds. The list is kept below the CA's folder, under its number; --publish
copies it to where the web server shows it under the certificates' --crl-url, and takes
over what the list that is there revokes, should it come from a copy of the folder.

Issue a list before the last one's next update is over, revoked or not: afterwards
verifiers cannot tell, and no image signed below this CA is admitted. A revocation is for
good. It counts for everything that the certificate ever signed, timestamped or not: sign
again first what must go on running.

The reasons: ` + joinReasons() + `.`,
		Example: `  # Every week, from cron, into the folder that the web server shows:
  notation-pki crl --issuer intermediate/1 --passphrase-file oci.pass --publish /srv/pki/intermediate-1.crl

  # A key leaked:
  notation-pki crl --issuer intermediate/1 --revoke skao-pki/signer/1/cert.pem --reason keyCompromise --publish /srv/pki/intermediate-1.crl

  # An intermediate is revoked by the root:
  notation-pki crl --issuer root --revoke skao-pki/intermediate/1/cert.pem --reason superseded --next-update 400d --publish root-1.crl`,
		Args: noArgs,
	}
	r := &revocation{Command: c, output: addOutput(c)}
	flags := c.Flags()
	addDir(c, &r.pki)
	flags.StringVar(&r.issuer, "issuer", "", "`NAME[/GENERATION]` of the CA whose list it is; without a number its newest")
	flags.StringArrayVar(&r.revoke, "revoke", nil, "`SERIAL|FILE` of a certificate that this CA issued; - is standard input")
	flags.StringVar(&r.reason, "reason", string(ca.Unspecified), "`REASON` why it is revoked")
	flags.BoolVar(&r.unrecorded, "unrecorded", false, "revoke a serial that is not among those recorded as issued")
	r.nextUpdate = duration(14 * day)
	flags.Var(&r.nextUpdate, "next-update", "how long the list holds, such as 14d or 36h; the next is due before")
	flags.StringVar(&r.publish, "publish", "", "`FILE` to copy the list to as well, in place of this CA's last one: what the web server sends for --crl-url; no symlink at its name is followed")
	r.passphrase = addPassphrase(c, "", "the CA's key")
	c.RunE = func(*cobra.Command, []string) error { return r.run() }
	return c
}

func joinReasons() string {
	var all []string
	for _, reason := range ca.RevocationReasons() {
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
	if r.publish != "" {
		if r.place, err = r.pki.Publish(r.publish); err != nil {
			return fmt.Errorf("--publish: %w; nothing was issued", err)
		}
		defer func() { _ = r.place.Close() }() // a directory: nothing is lost
	}
	chain, err := from.Chain()
	if err != nil {
		return err
	}
	asked, err := r.find(from, chain[0])
	if err != nil {
		return err
	}
	r.passphrase.of = from.String()
	issuer, err := from.CA(r.passphrase.get)
	if err != nil {
		return err
	}
	unlock, err := r.lock(from)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := r.before(from, issuer.Cert)
	if err != nil {
		return err
	}
	return r.issue(from, issuer, before, asked)
}

// lock is held from reading the last list to publishing the next, or two runs would each forget what the other revoked;
// and not while somebody is asked for a passphrase, who may have gone for lunch.
func (r *revocation) lock(from layout.Generation) (unlock func(), err error) {
	waiting := time.AfterFunc(time.Second, func() { note(r.Command, "waiting for another run that issues a list of %s", from) })
	defer waiting.Stop()
	if unlock, err = from.Lock(); err != nil {
		return nil, fmt.Errorf("making sure that nobody else issues a list of %s: %w", from, err)
	}
	if r.Context().Err() != nil {
		unlock()
		return nil, errors.New("interrupted; nothing was issued")
	}
	return unlock, nil
}

// issue makes the list that follows, keeps it, and publishes it.
func (r *revocation) issue(from layout.Generation, issuer *ca.CA, before history, asked []*big.Int) error {
	options, added := r.next(before, asked)
	der, err := issuer.CRL(options)
	if err != nil {
		return err
	}
	path, err := from.KeepCRL(options.Number, der)
	if err != nil {
		return err
	}
	if r.place != nil {
		if err := r.place.Replace(der); err != nil {
			return fmt.Errorf("the list is in %s, and could not be published: %w", path, err)
		}
	} else if added > 0 {
		note(r.Command, "note: verifiers see this once %s is where the web server shows the list of %s; --publish puts it there", path, from)
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
	for _, flag := range []string{"reason", "unrecorded"} {
		if r.Flags().Changed(flag) && len(r.revoke) == 0 {
			return usageError("--%s goes with --revoke", flag)
		}
	}
	if inside(r.publish, r.pki.Path) {
		return usageError("--publish %s is in the PKI folder, where nothing is replaced; name a file of the web server's", r.publish)
	}
	reason, err := ca.ParseRevocationReason(r.reason)
	if err != nil {
		return usageError("--reason: %w", err)
	}
	r.reason = string(reason)
	return nil
}

// find reads what --revoke names, and makes sure that it is this CA's to revoke.
func (r *revocation) find(from layout.Generation, issuer *x509.Certificate) ([]*big.Int, error) {
	var found []*big.Int
	for _, which := range r.revoke {
		serial, err := r.findOne(from, issuer, which)
		if err != nil {
			return nil, err
		}
		found = append(found, serial)
	}
	return found, nil
}

func (r *revocation) findOne(from layout.Generation, issuer *x509.Certificate, which string) (*big.Int, error) {
	data, err := readInput(r.Command, which)
	if errors.Is(err, fs.ErrNotExist) {
		return r.findSerial(from, which)
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
		return nil, fmt.Errorf("%s: %s was not issued by %s but by %s, which alone can revoke it", which, printable.Quote(certs[0].Subject), from, printable.Quote(certs[0].Issuer))
	}
	r.noteUnheard(certs[0])
	return certs[0].SerialNumber, nil
}

// noteUnheard tells when nobody will learn of a revocation.
func (r *revocation) noteUnheard(cert *x509.Certificate) {
	if len(cert.CRLDistributionPoints) == 0 {
		note(r.Command, "note: %s names no CRL, so verifiers will not see this; take its identity or its root out of the trust policy as well", printable.Quote(cert.Subject))
	}
}

func (r *revocation) findSerial(from layout.Generation, which string) (*big.Int, error) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(which), "0x"), ":", "")
	serial, ok := new(big.Int).SetString(digits, 16)
	if !ok || serial.Sign() <= 0 || serial.BitLen() > maxSerialBits {
		return nil, usageError("--revoke %q is neither a file nor a serial number in hexadecimal, of 20 octets at most", which)
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
			from, layout.Serial(serial))
	}
	r.noteUnheard(cert)
	return serial, nil
}

// maxSerialBits is the length of the longest serial number, of 20 octets and positive (RFC 5280 section 4.1.2.2).
const maxSerialBits = 159

// history is what a CA has revoked so far, and the number of its last list.
type history struct {
	revoked []x509.RevocationListEntry
	number  int64
}

// before gathers what the CA's last list says, and the one that is published, which may have been issued from a copy of
// the folder: what was revoked once must stay so.
func (r *revocation) before(from layout.Generation, issuer *x509.Certificate) (history, error) {
	var h history
	last, number, err := from.LastCRL()
	if err != nil {
		return h, err
	}
	h.number = number
	if last != nil {
		if err := h.add(last, issuer); err != nil {
			return h, fmt.Errorf("the last CRL, number %d of %s: %w", number, from, err)
		}
	}
	published, err := r.published(issuer)
	if err != nil || published == nil {
		return h, err
	}
	known := len(h.revoked)
	if err := h.add(published, issuer); err != nil {
		return h, fmt.Errorf("%s: %w", r.publish, err)
	}
	if more := len(h.revoked) - known; more > 0 {
		note(r.Command, "note: %s revokes %d that the folder does not know of, and the next list goes on doing so", r.publish, more)
	}
	return h, nil
}

// add takes over what a list of the CA's revokes. An entry that is known already stays as it is.
func (h *history) add(list *x509.RevocationList, issuer *x509.Certificate) error {
	if err := keysize.CheckList(list, issuer); err != nil {
		return fmt.Errorf("it is not signed by %s: %w", printable.Quote(issuer.Subject), err)
	}
	if list.Number != nil {
		if !list.Number.IsInt64() || list.Number.Int64() == math.MaxInt64 {
			return fmt.Errorf("its number, %s, is too high to count on from", list.Number)
		}
		h.number = max(h.number, list.Number.Int64())
	}
	for _, entry := range list.RevokedCertificateEntries {
		if !h.knows(entry.SerialNumber) {
			h.revoked = append(h.revoked, entry)
		}
	}
	return nil
}

func (h *history) knows(serial *big.Int) bool {
	return slices.ContainsFunc(h.revoked, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(serial) == 0 })
}

// next says what the next list holds, and how much of it is new.
func (r *revocation) next(before history, asked []*big.Int) (options ca.CRLOptions, added int) {
	now := time.Now()
	for _, serial := range asked {
		if before.knows(serial) {
			note(r.Command, "note: %s is revoked already", layout.Serial(serial))
			continue
		}
		added++
		before.revoked = append(before.revoked, x509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: now.UTC().Truncate(time.Second), ReasonCode: ca.RevocationReason(r.reason).Code(),
		})
	}
	return ca.CRLOptions{
		Revoked: before.revoked, Number: before.number + 1,
		ThisUpdate: now.Add(-5 * time.Minute), NextUpdate: now.Add(time.Duration(r.nextUpdate)),
	}, added
}

// published reads the list that --publish is to replace; nil if there is none. Nothing but a list of the same CA is
// replaced: another's would make every certificate that points there impossible to check.
func (r *revocation) published(issuer *x509.Certificate) (*x509.RevocationList, error) {
	if r.place == nil {
		return nil, nil
	}
	data, err := r.place.Read()
	if err != nil {
		return nil, fmt.Errorf("--publish: %w; nothing was issued", err)
	}
	if data == nil {
		return nil, nil
	}
	there, err := ca.DecodeCRL(data)
	if err != nil {
		return nil, fmt.Errorf("%s is there and is no CRL; nothing was issued: %w", r.publish, err)
	}
	if keysize.CheckList(there, issuer) != nil {
		return nil, fmt.Errorf("%s is the CRL of another CA or generation, %s; nothing was issued: give each a file and a --crl-url of its own", r.publish, printable.Quote(there.Issuer))
	}
	return there, nil
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

func newRevocationList(file string, list *x509.RevocationList, added int) revocationList {
	result := revocationList{
		File: file, Issuer: list.Issuer.String(), Number: cmp.Or(list.Number, new(big.Int)).String(),
		ThisUpdate: list.ThisUpdate.UTC(), NextUpdate: list.NextUpdate.UTC(), DaysLeft: daysUntil(list.NextUpdate, time.Now()),
		Revoked: []revoked{}, Added: added,
	}
	for _, entry := range list.RevokedCertificateEntries {
		result.Revoked = append(result.Revoked, revoked{layout.Serial(entry.SerialNumber), string(ca.ReasonOf(entry.ReasonCode)), entry.RevocationTime.UTC()})
	}
	return result
}

func (l revocationList) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  issuer       %s\n  number       %s\n  next update  %s\n", l.File, printable.Text(l.Issuer), l.Number, l.NextUpdate.Format(time.RFC3339))
	for _, r := range l.Revoked {
		fmt.Fprintf(&b, "  revoked      %s  %s  %s\n", r.Serial, r.At.Format(time.DateOnly), r.Reason)
	}
	return b.String()
}
