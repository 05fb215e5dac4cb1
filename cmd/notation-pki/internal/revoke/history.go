package revoke

import (
	"crypto/x509"
	"fmt"
	"math"
	"math/big"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// history holds what a CA has revoked so far, and the number of its last list.
type history struct {
	revoked []x509.RevocationListEntry
	number  int64
}

// readHistory reads the CA's last list and the published one, which may have been issued from a copy of the folder. A
// revoked certificate stays revoked.
func (r *Request) readHistory() (history, error) {
	issuer := r.issuer.Cert
	var h history
	last, number, err := r.from.LastCRL()
	if err != nil {
		return h, err
	}
	h.number = number
	if last != nil {
		if err := h.add(last, issuer); err != nil {
			return h, fmt.Errorf("the last CRL, number %d of %s: %w", number, r.from, err)
		}
	}
	published, err := r.published()
	if err != nil || published == nil {
		return h, err
	}
	known := len(h.revoked)
	if err := h.add(published, issuer); err != nil {
		return h, fmt.Errorf("%s: %w", r.Publish, err)
	}
	if more := len(h.revoked) - known; more > 0 {
		r.note("note: %s revokes %d that the folder does not know of, and the next list goes on doing so", r.Publish, more)
	}
	return h, nil
}

// add takes over what a list of the CA revokes. A known entry stays as it is.
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

// next returns what the next list holds, and how many entries are new.
func (r *Request) next(before history, serials []*big.Int) (options ca.CRLOptions, added int) {
	now := time.Now()
	for _, serial := range serials {
		if before.knows(serial) {
			r.note("note: %s is revoked already", layout.Serial(serial))
			continue
		}
		added++
		before.revoked = append(before.revoked, x509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: now.UTC().Truncate(time.Second), ReasonCode: r.reason.Code(),
		})
	}
	return ca.CRLOptions{
		Revoked: before.revoked, Number: before.number + 1,
		ThisUpdate: now.Add(-5 * time.Minute), NextUpdate: now.Add(r.NextUpdate),
	}, added
}

// published reads the list that --publish replaces; nil if there is none. It fails for the list of another CA: certificates
// that name its URL could no longer be checked.
func (r *Request) published() (*x509.RevocationList, error) {
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
		return nil, fmt.Errorf("%s is there and is no CRL; nothing was issued: %w", r.Publish, err)
	}
	if keysize.CheckList(there, r.issuer.Cert) != nil {
		return nil, fmt.Errorf("%s is the CRL of another CA or generation, %s; nothing was issued: give each a file and a --crl-url of its own", r.Publish, printable.Quote(there.Issuer))
	}
	return there, nil
}
