package revocation

import (
	"time"

	"golang.org/x/crypto/ocsp"
)

// bundle is a list and the delta list that amends it, if there is one.
type bundle struct {
	base, delta *list
	received    time.Time // by the wall clock
}

func (b *bundle) size() int64 {
	size := int64(len(b.base.RawTBSRevocationList))
	if b.delta != nil {
		size += int64(len(b.delta.RawTBSRevocationList))
	}
	return size
}

func (b *bundle) nextUpdate() time.Time {
	if b.delta != nil {
		return earlier(b.base.NextUpdate, b.delta.NextUpdate)
	}
	return b.base.NextUpdate
}

func (b *bundle) inDate() bool { return !time.Now().After(b.nextUpdate()) }

// supersedes tells whether a list is not older than an accepted one of the same CA and scope. It goes by the date or the
// number (RFC 5280 sections 5.1.2.4 and 5.2.3). A CA that was set up again may begin to number again, and one whose
// clock was corrected may go back in time. Lists come over plain HTTP, so an attacker on the network may send an old
// one, in which no certificate is revoked yet.
func (b *bundle) supersedes(kept *bundle) bool {
	before, after := kept.latest(), b.latest()
	return !after.ThisUpdate.Before(before.ThisUpdate) ||
		before.Number != nil && after.Number != nil && after.Number.Cmp(before.Number) >= 0
}

// latest is the CA's latest list: a list and its delta lists share one sequence of numbers.
func (b *bundle) latest() *list {
	if b.delta != nil {
		return b.delta
	}
	return b.base
}

// revoked looks a certificate up; nil if it is not revoked. The last entry counts of those that suspend a certificate
// (certificateHold) and take that back (removeFromCRL); any other revokes it for good.
func (b *bundle) revoked(q question) *Revocation {
	var all []*Revocation
	for _, e := range b.base.find(q.cert) {
		r := e.revocation()
		if r.Reason == ocsp.RemoveFromCRL { // which stands in delta lists only (RFC 5280 section 5.3.1)
			return r
		}
		all = append(all, r)
	}
	if b.delta != nil {
		for _, e := range b.delta.find(q.cert) {
			all = append(all, e.revocation())
		}
	}
	var last *Revocation
	for _, r := range all {
		if r.Reason != ocsp.CertificateHold && r.Reason != ocsp.RemoveFromCRL {
			return r
		}
		if last == nil || !r.At.Before(last.At) {
			last = r
		}
	}
	if last != nil && last.Reason == ocsp.RemoveFromCRL {
		return nil
	}
	return last
}
