package verifier_test

import (
	"context"
	"iter"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
)

// While others decode as much as may be, a signature waits: for as long as its check may take, and no longer.
func TestRoomToDecodeIsWaitedForInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{})
		free, ok := w.verifier.Decoding()
		if !ok {
			t.Fatal("a verifier that does nothing holds room")
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		verdict, err := verifyNew(ctx, t, w.verifier)
		unknown(t, provider.CauseDeadline, verdict, err)
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("it waited for %s", took)
		}
		time.AfterFunc(time.Second, free)
		began = time.Now()
		w.is(t, provider.Verified)
		if took := time.Since(began); took != time.Second {
			t.Errorf("with room after a second it waited for %s", took)
		}
	})
}

// The room is given back whatever becomes of a signature.
func TestRoomToDecodeIsGivenBack(t *testing.T) {
	a := newAuthority()
	r, stranger := a.newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	s := newShelf()
	s.put(jwsText("junk"), nil)
	s.put(jwsWith(t, r.root.Cert.Raw), nil)
	s.sign(t, stranger.signer, ca.SignOptions{})
	s.put(blob{mediaType: ca.JWS, raw: sign(t, r.signer, other(), ca.SignOptions{}).Raw}, nil)
	s.put(blob{err: provider.ErrNotFound}, nil)
	v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t)
	for range 2 {
		_, _ = verifyNew(t.Context(), t, v)
		free, ok := v.Decoding()
		if !ok {
			t.Fatal("something of it is held on")
		}
		free()
		s.sign(t, r.signer, ca.SignOptions{})
	}
}

// No check holds room while a CA is asked, for its answer may take as long as it likes.
func TestNoRoomIsHeldWhileACAIsAsked(t *testing.T) {
	for name, how := range everyWay {
		t.Run(name, func(t *testing.T) {
			w := watch(t, how)
			var one sync.Mutex // the certificates of a chain are asked about at once
			asked := 0
			w.fault = func(*http.Request) (*http.Response, error) {
				one.Lock()
				defer one.Unlock()
				asked++
				free, ok := w.verifier.Decoding()
				if !ok {
					t.Error("the room is held")
				} else {
					free()
				}
				return nil, http.ErrServerClosed
			}
			w.unknown(t)
			if asked == 0 {
				t.Error("no CA was asked")
			}
		})
	}
}

// inLists is a shelf, with what is to be done before its next list is asked for.
type inLists struct {
	*shelf

	next func()
}

func (r inLists) Signatures(ctx context.Context, desc ocispec.Descriptor) iter.Seq2[provider.Listing, error] {
	return func(yield func(provider.Listing, error) bool) {
		for listing, err := range r.shelf.Signatures(ctx, desc) {
			if !yield(listing, err) {
				return
			}
			r.next()
		}
	}
}

// No check holds room while a registry is asked for the next list, whatever it made of the signatures before.
func TestNoRoomIsHeldWhileAListIsAsked(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	s := newShelf()
	s.put(blob{mediaType: ca.JWS, raw: sign(t, r.signer, other(), ca.SignOptions{}).Raw}, nil)
	s.sign(t, stranger.signer, ca.SignOptions{})
	s.list, s.further = s.list[:1], []listed{{Listing: provider.Listing{Signatures: s.list[1:]}}}
	asked := 0
	var v *verifier.Verifier
	v = setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), repository: inLists{s, func() {
		asked++
		free, ok := v.Decoding()
		if !ok {
			t.Errorf("the room is held after list %d", asked)
			return
		}
		free()
	}}}.open(t)
	verdict, err := verifyNew(t.Context(), t, v)
	is(t, provider.Untrusted, verdict, err)
	if asked != 2 {
		t.Errorf("%d lists ended, not 2", asked)
	}
}
