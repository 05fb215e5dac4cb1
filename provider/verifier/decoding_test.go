package verifier_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
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
