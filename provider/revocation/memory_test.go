package revocation_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

func failing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

// What a CA called revoked stays so, whatever older answer is found elsewhere, until the CA says otherwise later.
func TestOlderAnswerUndoesNoRevocation(t *testing.T) {
	const long = 100 * time.Hour
	for _, c := range []struct {
		name   string
		revoke func(w *world)
		replay func(w *world) // made an hour before, and set up after the revocation lapsed from use
	}{
		{"list_after_ocsp", func(w *world) { w.at(responderURL, fixed(w.answer(answer{status: ocsp.Revoked, next: long}))) },
			func(w *world) { w.at(responderURL, failing) }},
		{"ocsp_after_list", func(w *world) {
			w.at(responderURL, failing)
			w.at(listURL, fixed(w.list(list{number: 2, next: long, revoked: []*x509.Certificate{w.signer.Cert}})))
		}, nil},
		{"answer_lapsed", func(w *world) {
			w.at(responderURL, fixed(w.answer(answer{status: ocsp.Revoked, next: 30 * time.Minute})))
		},
			func(w *world) { w.at(responderURL, failing) }},
		{"list_of_another_scope", func(w *world) {
			w.at(responderURL, failing)
			user := limited(0x81, 1, 0xff)
			user.number, user.next, user.revoked = 2, long, []*x509.Certificate{w.signer.Cert}
			w.at(listURL, fixed(w.list(user)))
		}, func(w *world) { w.at(responderURL, failing) }},
		{"issuer_renewed", func(w *world) { w.at(responderURL, fixed(w.answer(answer{status: ocsp.Revoked, next: long}))) }, func(w *world) {
			renewed := expect.Must(w.root.Intermediate(ca.Options{Key: w.ca.Key, Subject: w.ca.Cert.Subject}))(w.t)
			w.signer.Chain = append([]*x509.Certificate{w.signer.Cert}, renewed.Chain...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, []string{listURL}, []string{responderURL})
				w.t = t
				oldList, oldAnswer := w.list(list{next: long}), w.answer(answer{next: long})
				time.Sleep(time.Hour)
				c.revoke(w)
				w.want(t, "revoked")
				time.Sleep(50 * time.Minute)
				w.at(listURL, fixed(oldList))
				w.at(responderURL, fixed(oldAnswer))
				if c.replay != nil {
					c.replay(w)
				}
				w.want(t, "revoked")
				// The CA takes it back, later.
				time.Sleep(time.Hour)
				w.at(responderURL, fixed(w.answer(answer{next: long})))
				w.want(t, "good")
			})
		})
	}
}

// A certificate whose distribution points cannot be read, or name no URL, is not known to be good.
func TestUnreadableDistributionPoints(t *testing.T) {
	readable := points(fullName(listURL))
	name := fullName(listURL)
	for _, tc := range []struct {
		what string
		der  []byte
	}{
		{"trailing_outside", append(slices.Clone(readable), 5, 0)},
		{"trailing_inside", points(append(slices.Clone(name), 5, 0))},
		{"odd_reasons", points(append(slices.Clone(name), 0xa1, 0))},
		{"no_url", points([]byte{0xa0, 6, 0xa0, 4, 0xa4, 2, 0x30, 0})},
	} {
		t.Run(tc.what, func(t *testing.T) {
			w := newWorld(t, nil, nil)
			w.at(listURL, fixed(w.list(list{})))
			root := expect.Must(ca.NewRoot(ca.Options{}))(t)
			id := w.certify(root, func(c *x509.Certificate) {
				c.ExtraExtensions = []pkix.Extension{extension("2.5.29.31", false, tc.der...)}
			})
			w.signer = id
			w.want(t, "in a form that is not supported")
		})
	}
}

// A list with an extension twice is not read: which of the two counts is not known.
func TestExtensionTwice(t *testing.T) {
	w := newWorld(t, []string{listURL}, nil)
	first := extension(idp, true, sequence(fullName(listURL)...)...)
	second := extension(idp, true, sequence(fullName("http://ca.test/other.crl")...)...)
	w.at(listURL, fixed(w.list(only(first, second))))
	w.want(t, "twice")
}

// hanging answers never.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(5 * time.Second):
		return nil, context.DeadlineExceeded
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// A check ends with its context, however many places the certificate names.
func TestCheckEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, []string{"http://a/", "http://b/", "http://c/"}, []string{"http://d/", "http://e/"})
		w.replaceTransport(hanging{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		status := w.checker.Check(ctx, w.signer.Chain, time.Time{})
		if took := time.Since(began); took != time.Second || status.Good() {
			t.Errorf("took %s, %+v", took, status)
		}
		time.Sleep(time.Minute) // what goes on ends by itself
	})
}
