package verifier_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// A CA's answers are kept when it is asked in another way, for as long as the new age allows.
func TestOtherSettingsKeepWhatCAsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true, ocsp: true})
		w.is(t, provider.Verified)
		var asked atomic.Int64
		other := asking(func(r *http.Request) (*http.Response, error) { asked.Add(1); return w.RoundTrip(r) })
		w.verifier.Configure(10, other, 2*time.Hour)
		time.Sleep(time.Hour)
		if w.is(t, provider.Verified); asked.Load() != 0 {
			t.Errorf("asked %d times within the new age", asked.Load())
		}
		w.verifier.Configure(10, other, time.Minute)
		if w.is(t, provider.Verified); asked.Load() == 0 || int(asked.Load()) != w.asked("")-2 {
			t.Errorf("asked %d times, of %d, once the answers are too old", asked.Load(), w.asked(""))
		}
	})
}

func TestMoreSignaturesCanBeLookedAt(t *testing.T) {
	w := watch(t, revocable{crl: true})
	w.shelf.list = nil
	other := target
	other.Digest = digest.FromString("other")
	for range 2 {
		copied := sign(t, w.signer, other, ca.SignOptions{})
		w.shelf.put(blob{raw: copied.Raw, mediaType: copied.MediaType}, copied.Annotations)
	}
	w.shelf.sign(t, w.signer, ca.SignOptions{})
	w.verifier.Configure(2, w.authority, time.Hour)
	first, _ := verifyNew(t.Context(), t, w.verifier)
	w.verifier.Configure(3, w.authority, time.Hour)
	second, _ := verifyNew(t.Context(), t, w.verifier)
	if first.Reason != provider.TooManySignatures || second.Reason != provider.Verified {
		t.Errorf("of two signatures it is %s, of three %s", first.Reason, second.Reason)
	}
}

// asking is a function as a http.RoundTripper.
type asking func(*http.Request) (*http.Response, error)

func (f asking) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
