package verifier_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/result"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// watched is a signed image whose signer may be revoked, and a strict verifier that remembers answers for an hour.
type watched struct {
	*authority
	*realm

	shelf    *shelf
	verifier *verifier.Verifier
	stamps   stamps // where there is a timestamp
}

func watch(t *testing.T, how revocable) *watched {
	t.Helper()
	w := &watched{authority: newAuthority(), shelf: newShelf()}
	w.realm = w.newRealm(t, how)
	w.shelf.sign(t, w.signer, ca.SignOptions{})
	w.verifier = setup{trust: trusting(w.root.Cert, trustpolicy.SignatureVerification{}), shelf: w.shelf, authority: w.authority}.open(t)
	return w
}

func (w *watched) is(t *testing.T, reason provider.Reason) provider.Verdict {
	t.Helper()
	verdict, err := verifyNew(t.Context(), t, w.verifier)
	is(t, reason, verdict, err)
	return verdict
}

func (w *watched) unknown(t *testing.T) {
	t.Helper()
	verdict, err := verifyNew(t.Context(), t, w.verifier)
	unknown(t, provider.CauseRevocation, verdict, err)
}

var everyWay = map[string]revocable{"CRL": {crl: true}, "OCSP": {ocsp: true}, "both": {crl: true, ocsp: true}}

// A revoked certificate is refused; an unknown status leaves the image undecided.
func TestRevokedIsRefusedAndUnknownIsUndecided(t *testing.T) {
	for name, how := range everyWay {
		for _, c := range []struct {
			what   string
			spoil  func(*watched)
			reason provider.Reason // "" for ignorance
		}{
			{"good", func(*watched) {}, provider.Verified},
			{"signer", func(w *watched) { w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1) }, provider.Revoked},
			{"intermediate", func(w *watched) { w.rootLedger.Revoke(w.intermediate.Cert, time.Now(), 2) }, provider.Revoked},
			{"another's signer", func(w *watched) { w.signerLedger.Revoke(w.intermediate.Cert, time.Now(), 1) }, provider.Verified},
			{"down", func(w *watched) { w.fail(down) }, ""},
			{"stale", func(w *watched) { w.signerLedger.SetValidity(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)) }, ""},
			{"page", func(w *watched) { w.everywhere(http.HandlerFunc(page)) }, ""},
			{"nothing", func(w *watched) { w.everywhere(http.NotFoundHandler()) }, ""},
			{"without end", func(w *watched) {
				w.everywhere(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, 1<<20)) }))
			}, ""},
			{"down, the other revoked", func(w *watched) {
				w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
				w.serve(w.rootURLs[0], http.NotFoundHandler())
				w.serve(w.rootURLs[1], http.NotFoundHandler())
			}, provider.Revoked},
		} {
			t.Run(name+" "+c.what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := watch(t, how)
					c.spoil(w)
					for range 2 { // what was not accepted leaves nothing behind
						if c.reason == "" {
							w.unknown(t)
						} else {
							w.is(t, c.reason)
						}
					}
				})
			})
		}
	}
}

func page(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<p>Please sign in.") }

// everywhere answers in one way, whatever is asked.
func (w *watched) everywhere(handler http.Handler) {
	for _, url := range []string{w.rootURLs[0], w.rootURLs[1], w.signerURLs[0], w.signerURLs[1]} {
		w.serve(url, handler)
	}
}

func TestRevocationIsAskedOnceInThreeQuartersOfItsAge(t *testing.T) {
	for name, how := range everyWay {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, how)
				for range 3 {
					w.is(t, provider.Verified)
				}
				if got := w.asked(""); got != 2 { // of the signer and of the intermediate
					t.Errorf("%d requests for two certificates: %v", got, w.log)
				}
				w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
				time.Sleep(45*time.Minute - time.Second)
				w.is(t, provider.Verified)
				time.Sleep(time.Second)
				w.is(t, provider.Revoked)
				w.is(t, provider.Revoked)
				if got := w.asked(""); got != 4 {
					t.Errorf("%d requests, three quarters of an hour later: %v", got, w.log)
				}
			})
		})
	}
}

// No verdict relies on an answer about revocation that is too old.
func TestNoVerdictReliesOnAnAnswerThatIsTooOld(t *testing.T) {
	for name, how := range everyWay {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, how)
				began := time.Now()
				for _, after := range []time.Duration{0, 20 * time.Minute, 44 * time.Minute} {
					time.Sleep(time.Until(began.Add(after)))
					if got := w.is(t, provider.Verified).RecheckAt; !got.Equal(began.Add(time.Hour)) {
						t.Errorf("judged after %s, the verdict stands until %s after the answer, want an hour", after, got.Sub(began))
					}
				}
				time.Sleep(time.Until(began.Add(45 * time.Minute)))
				if got := w.is(t, provider.Verified).RecheckAt; !got.Equal(began.Add(105 * time.Minute)) {
					t.Errorf("with a new answer it stands until %s after the first", got.Sub(began))
				}
			})
		})
	}
}

// A verdict on an old CRL is renewed when a new one may be fetched.
func TestAVerdictOnAnOldCRLIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		for _, ledger := range []*rig.RevocationServer{w.rootLedger, w.signerLedger} {
			ledger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
		}
		w.is(t, provider.Verified)
		w.fail(down)
		time.Sleep(2 * time.Hour)
		if got := time.Until(w.is(t, provider.Verified).RecheckAt); got != 6*time.Minute {
			t.Errorf("judged again after %s, want 6 minutes", got)
		}
	})
}

// Revocation lists are fetched in plain text: an attacker on the network may send anything, once.
func TestForgedAnswerHindersNoOther(t *testing.T) {
	for _, tc := range []struct {
		name string
		how  revocable
	}{{"CRL", revocable{crl: true}}, {"OCSP", revocable{ocsp: true}}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, tc.how)
				other := newAuthority().newRealm(t, revocable{}) // the same names, other keys
				w.serve(w.signerURLs[0], other.signerLedger.CRLHandler())
				w.serve(w.signerURLs[1], forged(other.intermediate))
				w.unknown(t)
				asked := w.asked("")
				w.serve(w.signerURLs[0], w.signerLedger.CRLHandler())
				w.serve(w.signerURLs[1], w.signerLedger.OCSPHandler())
				w.is(t, provider.Verified)
				if got := w.asked("") - asked; got != 1 {
					t.Errorf("%d more requests; the intermediate's answer was good and is kept", got)
				}
			})
		})
	}
}

// forged is an OCSP responder that calls everything good, with the key of a CA that has no say in it.
func forged(by *ca.CA) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		request, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			panic(err)
		}
		asked, err := ocsp.ParseRequest(request)
		if err != nil {
			panic(err)
		}
		answer, err := ocsp.CreateResponse(by.Cert, by.Cert, ocsp.Response{
			Status: ocsp.Good, SerialNumber: asked.SerialNumber, ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Minute),
		}, by.Key)
		if err != nil {
			panic(err)
		}
		_, _ = w.Write(answer)
	}
}

// A forged answer does not replace the good one of the same responder.
func TestAForgedOCSPAnswerIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{authority: newAuthority(), shelf: newShelf()}
		w.realm = w.newRealm(t, revocable{})
		// One responder for both, as far as its URL tells.
		const url = "http://ocsp.test/"
		w.intermediate = rig.Must(w.root.Intermediate(ca.Options{OCSPURLs: []string{url + "root/"}}))(t)
		w.signerLedger = rig.NewRevocationServer(w.intermediate)
		w.signer = rig.Must(w.intermediate.Signer(ca.Options{OCSPURLs: []string{url}}))(t)
		w.shelf.sign(t, w.signer, ca.SignOptions{})
		w.serve(url, w.signerLedger.OCSPHandler())
		w.serve(url+"root/", forged(rig.Must(ca.NewRoot(ca.Options{}))(t)))
		w.verifier = setup{trust: trusting(w.root.Cert, trustpolicy.SignatureVerification{}), shelf: w.shelf, authority: w.authority}.open(t)
		w.unknown(t)
		w.serve(url+"root/", w.rootLedger.OCSPHandler())
		w.is(t, provider.Verified)
	})
}

// An old CRL serves while its place is down until its next update.
func TestAnOldCRLServesUntilItsNextUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		w.rootLedger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
		w.signerLedger.SetValidity(time.Now(), time.Now().Add(10*time.Hour))
		w.is(t, provider.Verified)
		w.fail(down)
		time.Sleep(2 * time.Hour)
		asked := w.asked("")
		for range 5 {
			w.is(t, provider.Verified)
		}
		if got := w.asked("") - asked; got != 2 {
			t.Errorf("%d requests to a place that is down; another question at once only waits", got)
		}
		time.Sleep(6 * time.Minute)
		w.is(t, provider.Verified)
		if got := w.asked("") - asked; got != 4 {
			t.Errorf("%d requests; it is tried again after a tenth of an hour", got)
		}

		w.signerLedger.SetValidity(time.Time{}, time.Time{})
		w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
		w.fail(nil)
		time.Sleep(6 * time.Minute)
		w.is(t, provider.Revoked)
		w.signerLedger.Reinstate(w.signer.Cert)
		time.Sleep(time.Hour)
		w.is(t, provider.Verified)
		w.fail(down)
		time.Sleep(25 * time.Hour)
		w.unknown(t)
	})
}

// A request that is canceled while it fetches a CRL takes it from no other.
func TestCanceledRequestKeepsTheCRLForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		released := make(chan struct{})
		signers := w.signerLedger.CRLHandler()
		w.serve(w.signerURLs[0], http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			select {
			case <-released:
				signers.ServeHTTP(rw, r)
			case <-r.Context().Done():
				rw.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		ctx, leave := context.WithCancel(t.Context())
		type answer struct {
			verdict provider.Verdict
			err     error
		}
		first, second := make(chan answer, 1), make(chan answer, 1)
		ask := func(ctx context.Context, to chan answer) {
			verdict, err := verifyNew(ctx, t, w.verifier)
			to <- answer{verdict, err}
		}
		go ask(ctx, first)
		synctest.Wait()
		go ask(t.Context(), second)
		synctest.Wait()
		leave()
		synctest.Wait()
		close(released)
		<-first
		got := <-second
		is(t, provider.Verified, got.verdict, got.err)
		if asked := w.asked(w.signerURLs[0]); asked != 1 {
			t.Errorf("%d requests for one list", asked)
		}
	})
}

// The library checks a chain's signatures before it sees that there is no URL to ask, which notation-go has just done.
// Leaving that out must change nothing else.
func TestAChainWithoutURLsIsCheckedAsByTheLibrary(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	alone := rig.Must(ca.SelfSigned(ca.Options{}))(t)
	direct := rig.Must(r.root.Signer(ca.Options{}))(t)
	a := newAuthority()
	asked := a.newRealm(t, revocable{crl: true})
	ours := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: newShelf(), authority: a}.open(t).Validator()
	library := rig.Must(revocation.NewWithOptions(revocation.Options{OCSPHTTPClient: &http.Client{Transport: a}, CRLFetcher: rig.Must(crl.NewHTTPFetcher(&http.Client{Transport: a}))(t)}))(t)
	for _, tc := range []struct {
		name  string
		chain []*x509.Certificate
	}{
		{"none", nil}, {"one", alone.Chain}, {"two", direct.Chain}, {"three", r.signer.Chain}, {"with CRLs", asked.signer.Chain},
	} {
		o := revocation.ValidateContextOptions{CertChain: tc.chain}
		want, wantErr := library.ValidateContext(t.Context(), o)
		got, err := ours.ValidateContext(t.Context(), o)
		same := func(a, b *result.CertRevocationResult) bool { return a.Result == b.Result }
		if (err != nil) != (wantErr != nil) || !slices.EqualFunc(got, want, same) {
			t.Errorf("%s: %v, %v; the library says %v, %v", tc.name, got, err, want, wantErr)
		}
	}
}

// No OCSP responder and no CRL is asked for a chain that is not trusted.
func TestUntrustedChainCausesNoRequest(t *testing.T) {
	a := newAuthority()
	r, stranger := a.newRealm(t, revocable{}), a.newRealm(t, revocable{crl: true, ocsp: true})
	for _, tc := range []struct {
		name  string
		level trustpolicy.SignatureVerification
	}{{"strict", trustpolicy.SignatureVerification{}}, {"permissive", permissive}} {
		s := newShelf()
		s.sign(t, stranger.signer, ca.SignOptions{})
		verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, tc.level), shelf: s, authority: a}.open(t))
		is(t, provider.Untrusted, verdict, err)
		if got := a.asked(""); got != 0 {
			t.Errorf("%s: a stranger's certificate had us ask %v", tc.name, a.log)
		}
	}
}

func TestARevokedSignatureBesideAGoodOneDeniesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
		w.is(t, provider.Revoked)
		next := rig.Must(w.intermediate.Signer(w.signerOptions))(t)
		w.shelf.sign(t, next, ca.SignOptions{})
		verdict, err := verifyNew(t.Context(), t, w.verifier)
		is(t, provider.Verified, verdict, err)
		if len(verdict.Signatures) != 2 || verdict.Signatures[0].Reason != provider.Revoked || len(verdict.Warnings) != 0 {
			t.Errorf("%+v", verdict)
		}
	})
}

func TestWhatIsSaidOfOneSignatureIsNotSaidOfTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		revoked, silent, plain := a.newRealm(t, revocable{crl: true}), a.newRealm(t, revocable{ocsp: true}), a.newRealm(t, revocable{})
		revoked.signerLedger.Revoke(revoked.signer.Cert, time.Now(), 1)
		revoked.signerLedger.SetValidity(time.Now(), time.Now().Add(time.Hour))
		a.serve(silent.signerURLs[1], http.NotFoundHandler())
		withdrawn := a.newTSA(t, revocable{crl: true})
		withdrawn.ledger.Revoke(withdrawn.Cert, time.Now(), 1)

		trust := trusting(revoked.root.Cert, trustpolicy.SignatureVerification{})
		trust.Add("ca:others", silent.root.Cert, plain.root.Cert)
		s := newShelf()
		s.sign(t, revoked.signer, ca.SignOptions{})
		s.sign(t, plain.signer, expired())
		verdict, err := verifyNew(t.Context(), t, setup{trust: trust, shelf: s, authority: a}.open(t))
		is(t, provider.Revoked, verdict, err) // it came further than the expired one

		s.sign(t, plain.signer, ca.SignOptions{})
		verdict, err = verifyNew(t.Context(), t, setup{trust: trust, shelf: s, authority: a}.open(t))
		is(t, provider.Verified, verdict, err)
		if want := plain.signer.Cert.NotAfter; !verdict.Until.Equal(want) {
			t.Errorf("until %s, want %s", verdict.Until, want)
		}

		*s = *newShelf()
		s.sign(t, revoked.signer, ca.SignOptions{})
		s.sign(t, silent.signer, ca.SignOptions{})
		verdict, err = verifyNew(t.Context(), t, setup{trust: trust, shelf: s, authority: a}.open(t))
		unknown(t, provider.CauseRevocation, verdict, err)

		*s = *newShelf()
		s.sign(t, plain.signer, withdrawn.by(time.Now()))
		s.sign(t, plain.signer, ca.SignOptions{})
		verdict, err = verifyNew(t.Context(), t, setup{trust: stamped(trust, withdrawn, trustpolicy.OptionAlways), shelf: s, authority: a}.open(t))
		is(t, provider.Revoked, verdict, err)
		if got := verdict.Signatures[1].Reason; got != provider.Untrusted {
			t.Errorf("a signature without a timestamp is %s", got)
		}
	})
}

func TestAnAnswerIsNotUsedBeyondItsNextUpdate(t *testing.T) {
	for _, tc := range []struct {
		name string
		how  revocable
	}{{"CRL", revocable{crl: true}}, {"OCSP", revocable{ocsp: true}}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, tc.how)
				w.signerLedger.SetValidity(time.Now(), time.Now().Add(10*time.Minute))
				w.is(t, provider.Verified)
				w.signerLedger.SetValidity(time.Time{}, time.Time{})
				time.Sleep(11 * time.Minute)
				w.is(t, provider.Verified)
				if got := w.asked(""); got != 3 {
					t.Errorf("%d requests: %v", got, w.log)
				}
			})
		})
	}
}

// The second responder is asked where the first is stale and bounds the verdict.
func TestTheSecondResponderBoundsTheVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		r := a.newRealm(t, revocable{})
		stale := rig.NewRevocationServer(r.intermediate)
		stale.SetValidity(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
		r.signerLedger.SetValidity(time.Now(), time.Now().Add(2*time.Hour))
		signer := rig.Must(r.intermediate.Signer(ca.Options{OCSPURLs: []string{a.publish(stale)[1], r.signerURLs[1]}}))(t)
		s := newShelf()
		s.sign(t, signer, ca.SignOptions{})
		verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t))
		is(t, provider.Verified, verdict, err)
		if want := time.Now().Add(2 * time.Hour); !verdict.Until.Equal(want) {
			t.Errorf("until %s, want %s", verdict.Until, want)
		}
	})
}

// counted is a body that notes how much of it was read.
type counted struct {
	io.Reader

	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func (*counted) Close() error { return nil }

func TestAnOCSPAnswerIsReadUpToABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{ocsp: true})
		var mu sync.Mutex
		var bodies []*counted
		w.fail(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			bodies = append(bodies, &counted{Reader: bytes.NewReader(make([]byte, 4<<20))})
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: bodies[len(bodies)-1], Request: r}, nil
		})
		w.unknown(t)
		for _, body := range bodies {
			if body.read == 0 || body.read > 128<<10 {
				t.Errorf("%d bytes were read", body.read)
			}
		}
	})
}

// tape plays back, whatever is asked, what a handler answered first.
type tape struct {
	http.Handler
	first []byte
}

func (t *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if t.first == nil {
		answer := httptest.NewRecorder()
		t.Handler.ServeHTTP(answer, r)
		t.first = answer.Body.Bytes()
	}
	_, _ = w.Write(t.first)
}

func TestAnAnswerFromBeforeARevocationDoesNotUndoIt(t *testing.T) {
	for _, tc := range []struct {
		name string
		how  revocable
	}{{"CRL", revocable{crl: true}}, {"OCSP", revocable{ocsp: true}}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, tc.how)
				for _, ledger := range []*rig.RevocationServer{w.rootLedger, w.signerLedger} {
					ledger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
				}
				before := []*tape{{Handler: w.signerLedger.CRLHandler()}, {Handler: w.signerLedger.OCSPHandler()}}
				w.serve(w.signerURLs[0], before[0])
				w.serve(w.signerURLs[1], before[1])
				w.is(t, provider.Verified)

				time.Sleep(time.Hour)
				w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
				w.signerLedger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
				w.serve(w.signerURLs[0], w.signerLedger.CRLHandler())
				w.serve(w.signerURLs[1], w.signerLedger.OCSPHandler())
				w.is(t, provider.Revoked)

				w.serve(w.signerURLs[0], before[0])
				w.serve(w.signerURLs[1], before[1])
				for range 20 {
					time.Sleep(46 * time.Minute)
					w.is(t, provider.Revoked)
				}
			})
		})
	}
}

func TestAnotherCAsListInItsPlaceIsNoWorseThanNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		for _, ledger := range []*rig.RevocationServer{w.rootLedger, w.signerLedger} {
			ledger.SetValidity(time.Now(), time.Now().Add(10*time.Hour))
		}
		w.is(t, provider.Verified)
		w.serve(w.signerURLs[0], w.rootLedger.CRLHandler())
		time.Sleep(2 * time.Hour)
		asked := w.asked("")
		for range 5 {
			w.is(t, provider.Verified)
		}
		if got := w.asked("") - asked; got != 2 {
			t.Errorf("%d requests, want one for each of two lists", got)
		}
		w.serve(w.signerURLs[0], w.signerLedger.CRLHandler())
		w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
		time.Sleep(6 * time.Minute)
		w.is(t, provider.Revoked)
	})
}

// Verdicts are not renewed ever more often while no new list can be fetched.
func TestRenewalsAreSteadyWithoutANewList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		for _, ledger := range []*rig.RevocationServer{w.rootLedger, w.signerLedger} {
			ledger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
		}
		began := time.Now()
		again := w.is(t, provider.Verified).RecheckAt
		w.fail(down)
		judged := 0
		for judged <= 35 && time.Since(began) < 3*time.Hour {
			time.Sleep(time.Until(again) * 3 / 4) // when what is in use is renewed
			again = w.is(t, provider.Verified).RecheckAt
			judged++
		}
		if judged > 35 {
			t.Errorf("judged %d times in three hours, of which an answer may be one hour old", judged)
		}
	})
}

// Two CAs with one address for their lists do not stand in each others way.
func TestTwoCAsMayShareOneURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		w.is(t, provider.Verified)
		second := rig.Must(w.root.Intermediate(ca.Options{}))(t)
		*w.shelf = *newShelf()
		w.shelf.sign(t, rig.Must(second.Signer(ca.Options{CRLURLs: w.signerURLs[:1]}))(t), ca.SignOptions{})
		w.unknown(t) // the first CA's list says nothing of what the second issued
		w.serve(w.signerURLs[0], rig.NewRevocationServer(second).CRLHandler())
		w.is(t, provider.Verified)
	})
}

// A CA that was set up again and numbers its lists from one is accepted.
func TestACAMayNumberItsListsFromOneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		for _, ledger := range []*rig.RevocationServer{w.rootLedger, w.signerLedger} {
			ledger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
		}
		for range 5 {
			_ = rig.Must(w.signerLedger.CRL())(t)
		}
		w.is(t, provider.Verified)
		time.Sleep(2 * time.Hour)
		again := rig.NewRevocationServer(w.intermediate)
		again.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
		again.Revoke(w.signer.Cert, time.Now(), 1)
		w.serve(w.signerURLs[0], again.CRLHandler())
		w.is(t, provider.Revoked)
	})
}

// A list is kept for the CA that signed it though others of the chain name its address.
func TestAListIsKeptForTheCAThatSignedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, revocable{crl: true})
		for _, ledger := range []*rig.RevocationServer{w.rootLedger, w.signerLedger} {
			ledger.SetValidity(time.Now(), time.Now().Add(100*time.Hour))
		}
		// The signer is answered for by OCSP, and names the list of the root beside it, as the intermediate does.
		odd := rig.Must(w.intermediate.Signer(ca.Options{CRLURLs: w.rootURLs[:1], OCSPURLs: w.signerURLs[1:]}))(t)
		*w.shelf = *newShelf()
		w.shelf.sign(t, odd, ca.SignOptions{})
		w.is(t, provider.Verified)
		time.Sleep(2 * time.Hour)
		w.rootLedger.Revoke(w.intermediate.Cert, time.Now(), 2)
		w.is(t, provider.Revoked)
	})
}
