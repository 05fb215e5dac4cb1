package verifier_test

import (
	"errors"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// refusesUs is why a list may not be the whole.
func refusesUs() error {
	return provider.Undecided(provider.CauseCredentials, errors.New("https://10.1.2.3/v2"), "the registry refuses access (403)")
}

// hosts is a shelf for lists of several hosts, with signatures to put into them.
type hosts struct {
	*shelf

	good, strange, tampered, lost ocispec.Descriptor
}

func newHosts(t *testing.T, r, stranger *realm) *hosts {
	t.Helper()
	h := &hosts{shelf: newShelf()}
	h.sign(t, r.signer, ca.SignOptions{})
	h.sign(t, stranger.signer, ca.SignOptions{})
	h.put(blob{raw: []byte("junk"), mediaType: ca.JWS}, nil)
	h.put(blob{err: provider.ErrNotFound}, nil)
	h.good, h.strange, h.tampered, h.lost = h.list[0], h.list[1], h.list[2], h.list[3]
	h.list = nil
	return h
}

func signaturesOf(list ...ocispec.Descriptor) listed {
	return listed{Listing: provider.Listing{Signatures: list}}
}

func TestWhatMayBeMissingDecidesNothing(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	h := newHosts(t, r, stranger)
	for _, c := range []struct {
		name   string
		list   []ocispec.Descriptor
		more   bool
		reason provider.Reason // "" for ignorance
		cause  provider.Cause
	}{
		{"a good one", []ocispec.Descriptor{h.good}, false, provider.Verified, ""},
		{"a good one among", []ocispec.Descriptor{h.strange, h.good}, false, provider.Verified, ""},
		{"a stranger's", []ocispec.Descriptor{h.strange}, false, "", provider.CauseCredentials},
		{"a tampered one", []ocispec.Descriptor{h.tampered}, false, "", provider.CauseCredentials},
		{"none", nil, false, "", provider.CauseCredentials},
		{"more than are seen", []ocispec.Descriptor{h.strange}, true, "", provider.CauseCredentials},
		{"one that is lost, too", []ocispec.Descriptor{h.lost, h.strange}, false, "", provider.CauseRegistry},
		{"and the good one, more", []ocispec.Descriptor{h.good, h.strange}, true, provider.Verified, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.list, h.more, h.incomplete = c.list, c.more, refusesUs()
			verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: h.shelf}.open(t))
			if c.reason != "" {
				is(t, c.reason, verdict, err)
				return
			}
			unknown(t, c.cause, verdict, err)
			if got := len(provider.AsUndecided(err).Signatures); got != len(c.list) {
				t.Errorf("told of %d signatures, want %d", got, len(c.list))
			}
		})
	}
}

func TestTheNextHostIsAskedWhereNoneIsGood(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	h := newHosts(t, r, stranger)
	incomplete := listed{Listing: provider.Listing{Signatures: []ocispec.Descriptor{h.strange}, Incomplete: refusesUs()}}
	misnamed := h.good
	misnamed.MediaType = ocispec.MediaTypeImageIndex
	more := listed{Listing: provider.Listing{Signatures: []ocispec.Descriptor{h.strange}, More: true}}
	for _, c := range []struct {
		name    string
		first   []ocispec.Descriptor
		further []listed
		reason  provider.Reason // "" for ignorance
		lists   int
		fetched int
	}{
		{"a good one first", []ocispec.Descriptor{h.good}, []listed{signaturesOf(h.strange)}, provider.Verified, 1, 1},
		{"a good one later", []ocispec.Descriptor{h.strange}, []listed{signaturesOf(h.good)}, provider.Verified, 2, 2},
		{"a good one later, both in both", []ocispec.Descriptor{h.strange}, []listed{signaturesOf(h.strange, h.good)}, provider.Verified, 2, 2},
		{"after none", nil, []listed{signaturesOf(h.good)}, provider.Verified, 2, 1},
		{"none at all", nil, []listed{signaturesOf()}, provider.Unsigned, 2, 0},
		{"the same stranger's", []ocispec.Descriptor{h.strange}, []listed{signaturesOf(h.strange)}, provider.Untrusted, 2, 1},
		{"two that are no good", []ocispec.Descriptor{h.tampered}, []listed{signaturesOf(h.strange)}, provider.Untrusted, 2, 2},
		{"a stranger's, then none", []ocispec.Descriptor{h.strange}, []listed{signaturesOf()}, provider.Untrusted, 2, 1},
		{"a stranger's, then a failure", []ocispec.Descriptor{h.strange}, []listed{{err: refusesUs()}}, "", 2, 1},
		{"a stranger's, then not found", []ocispec.Descriptor{h.strange}, []listed{{err: provider.ErrNotFound}}, "", 2, 1},
		{"the last may lack some", []ocispec.Descriptor{h.strange}, []listed{incomplete}, "", 2, 1},
		{"the last has more", []ocispec.Descriptor{h.tampered}, []listed{more}, provider.TooManySignatures, 2, 2},
		{"one misnamed, then named well", []ocispec.Descriptor{misnamed}, []listed{signaturesOf(h.good)}, provider.Verified, 2, 2},
		{"the limit is each list's", []ocispec.Descriptor{h.tampered, h.strange, h.lost}, []listed{signaturesOf(h.good)}, provider.Verified, 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.list, h.further, h.lists, h.fetched = c.first, c.further, 0, nil
			verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: h.shelf, limit: 2}.open(t))
			if c.reason != "" {
				is(t, c.reason, verdict, err)
			} else if err == nil {
				t.Errorf("decided: %+v", verdict)
			}
			if h.lists != c.lists || len(h.fetched) != c.fetched {
				t.Errorf("%d lists and %d envelopes were asked for, want %d and %d", h.lists, len(h.fetched), c.lists, c.fetched)
			}
		})
	}
	// The first list's gaps are filled by the last one, which is the authority on what there is not.
	h.list, h.more, h.incomplete, h.further = []ocispec.Descriptor{h.strange}, true, refusesUs(), []listed{signaturesOf(h.strange)}
	verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: h.shelf}.open(t))
	is(t, provider.Untrusted, verdict, err)
}
