package revocation_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// certify makes a certificate with the CA's key, of any form.
func (w *world) certify(issuer *ca.CA, change func(*x509.Certificate)) *ca.Identity {
	w.t.Helper()
	key := expect.Must(ca.ECP256.Generate())(w.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(4711), Subject: pkix.Name{CommonName: "responder"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
	}
	change(template)
	der := expect.Must(x509.CreateCertificate(rand.Reader, template, issuer.Cert, key.Public(), issuer.Key))(w.t)
	cert := expect.Must(x509.ParseCertificate(der))(w.t)
	return &ca.Identity{Cert: cert, Key: key, Chain: append([]*x509.Certificate{cert}, issuer.Chain...)}
}

// delegate makes an answer by a certificate that comes along.
func delegate(id *ca.Identity) answer {
	return answer{status: ocsp.Good, by: id, embed: []*x509.Certificate{id.Cert}}
}

// An OCSP response counts if the CA signed it, or a certificate that the CA issued for that, in date. Any other counts for
// nothing. The status is unknown, the CA's own "revoked" is heard next though it is older. Where there is a list, it
// decides.
func TestOnlyTheCASpeaks(t *testing.T) {
	for _, c := range []struct {
		name  string
		forge func(w *world) []byte
		cause string
	}{
		{"own_key", func(w *world) []byte { return w.answer(delegate(w.signer)) }, "signed neither by the CA"},
		{"own_key_not_sent", func(w *world) []byte { return w.answer(answer{by: w.signer}) }, "signed neither by the CA"},
		{"tls_server", func(w *world) []byte {
			return w.answer(delegate(expect.Must(w.ca.Server(ca.Options{DNSNames: []string{"www.test"}}))(t)))
		}, "signed neither by the CA"},
		{"any_usage", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })))
		}, "signed neither by the CA"},
		{"no_usage", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) { c.ExtKeyUsage = nil })))
		}, "signed neither by the CA"},
		{"key_usage", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })))
		}, "signed neither by the CA"},
		{"ended", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, -30)
			})))
		}, "signed neither by the CA"},
		{"not_yet", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) })))
		}, "signed neither by the CA"},
		{"critical_extension", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{extension("1.2.3.4", true, 5, 0)} })))
		}, "signed neither by the CA"},
		{"of_the_root", func(w *world) []byte {
			return w.answer(delegate(expect.Must(w.root.Responder(ca.Options{}))(t)))
		}, "signed neither by the CA"},
		{"of_another_ca", func(w *world) []byte {
			other := expect.Must(ca.NewRoot(ca.Options{Subject: w.ca.Cert.Subject}))(t)
			return w.answer(delegate(expect.Must(other.Responder(ca.Options{}))(t)))
		}, "signed neither by the CA"},
		{"the_root_itself", func(w *world) []byte { return w.answer(delegate(&w.root.Identity)) }, "signed neither by the CA"},
		{"revoked_responder", func(w *world) []byte {
			by := expect.Must(w.ca.Responder(ca.Options{CRLURLs: []string{"http://responder.test/crl"}}))(t)
			w.at("http://responder.test/crl", fixed(w.list(list{revoked: []*x509.Certificate{by.Cert}})))
			return w.answer(delegate(by))
		}, "signed neither by the CA"},
		{"responder_unknown", func(w *world) []byte {
			return w.answer(delegate(expect.Must(w.ca.Responder(ca.Options{CRLURLs: []string{"http://down.test/crl"}}))(t)))
		}, "signed neither by the CA"},
		{"large_key", func(w *world) []byte { return w.withCertificate(w.answer(answer{}), largeKey(t)) }, "more than is read"},
		{"other_serial", func(w *world) []byte {
			return w.answer(answer{of: expect.Must(w.ca.Signer(ca.Options{}))(t).Cert})
		}, "for another certificate"},
		{"other_issuer", func(w *world) []byte { return w.answer(answer{issuer: w.root.Cert}) }, "for another certificate"},
		{"from_the_future", func(w *world) []byte { return w.answer(answer{this: 10 * time.Minute}) }, "from the future"},
		{"ended_answer", func(w *world) []byte { return w.answer(answer{this: -time.Hour, next: -time.Second}) }, "has ended"},
		{"no_end_and_old", func(w *world) []byte { return w.answer(answer{this: -2 * time.Hour, noNext: true}) }, "has ended"},
		{"critical_status", func(w *world) []byte {
			return w.answer(answer{extensions: []pkix.Extension{extension("1.2.3.4", true, 5, 0)}})
		}, "critical extension"},
		{"unknown", func(w *world) []byte { return w.answer(answer{status: ocsp.Unknown}) }, "does not know the certificate"},
		{"try_later", func(*world) []byte { return ocsp.TryLaterErrorResponse }, "refused: try later"},
		{"page", func(*world) []byte { return []byte("<p>Please sign in.") }, "cannot be read"},
		{"trailing", func(w *world) []byte { return append(w.answer(answer{}), 0) }, "cannot be read"},
		{"too_long", func(w *world) []byte { return append(w.answer(answer{}), make([]byte, 20<<10)...) }, "more than is read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, []string{responderURL})
			revoked := w.answer(answer{status: ocsp.Revoked, this: -20 * time.Minute})
			w.at(responderURL, fixed(c.forge(w)))
			w.want(t, c.cause)
			w.at(responderURL, fixed(revoked))
			w.want(t, "revoked")

			w = newWorld(t, []string{listURL}, []string{responderURL})
			w.at(responderURL, fixed(c.forge(w)))
			w.at(listURL, fixed(w.list(list{revoked: []*x509.Certificate{w.signer.Cert}})))
			w.want(t, "revoked")
		})
	}
}

// withCertificate adds a certificate to a response, which the signature does not cover.
func (w *world) withCertificate(response []byte, certs ...*x509.Certificate) []byte {
	w.t.Helper()
	var outer struct {
		Status   asn1.Enumerated
		Response struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0"`
	}
	var basic struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
		Certificates   []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	if _, err := asn1.Unmarshal(response, &outer); err != nil {
		w.t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(outer.Response.Response, &basic); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range certs {
		basic.Certificates = append(basic.Certificates, asn1.RawValue{FullBytes: c.Raw})
	}
	outer.Response.Response = expect.Must(asn1.Marshal(basic))(w.t)
	return expect.Must(asn1.Marshal(outer))(w.t)
}

// largeKey is a certificate with a key of 20 KiB.
func largeKey(t *testing.T) *x509.Certificate {
	t.Helper()
	issuer := expect.Must(ca.NewRoot(ca.Options{}))(t)
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(bytes.Repeat([]byte{0xff}, 20<<10)), E: 1<<31 - 1}
	return expect.Must(issuer.Responder(ca.Options{Public: key}))(t).Cert
}

// What RFC 6960 allows counts.
func TestResponsesThatCount(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w *world) []byte
	}{
		{"by_the_ca", func(w *world) []byte { return w.answer(answer{}) }},
		{"by_the_ca_with_its_certificate", func(w *world) []byte { return w.answer(delegate(&w.ca.Identity)) }},
		{"by_a_responder", func(w *world) []byte {
			return w.answer(delegate(expect.Must(w.ca.Responder(ca.Options{}))(t)))
		}},
		{"responder_after_its_chain", func(w *world) []byte {
			by := expect.Must(w.ca.Responder(ca.Options{}))(t)
			return w.withCertificate(w.answer(answer{by: by}), w.ca.Cert, w.root.Cert, by.Cert)
		}},
		{"responder_without_key_usage", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) { c.KeyUsage = 0 })))
		}},
		{"responder_with_a_list", func(w *world) []byte {
			w.at("http://responder.test/crl", fixed(w.list(list{})))
			return w.answer(delegate(expect.Must(w.ca.Responder(ca.Options{CRLURLs: []string{"http://responder.test/crl"}}))(t)))
		}},
		{"nocheck", func(w *world) []byte {
			return w.answer(delegate(w.certify(w.ca, func(c *x509.Certificate) {
				c.CRLDistributionPoints = []string{"http://down.test/crl"}
				c.ExtraExtensions = []pkix.Extension{extension("1.3.6.1.5.5.7.48.1.5", false, 5, 0)}
			})))
		}},
		{"no_next_update", func(w *world) []byte { return w.answer(answer{noNext: true}) }},
		{"clock_ahead", func(w *world) []byte { return w.answer(answer{this: time.Minute}) }},
		{"sha256", func(w *world) []byte { return w.answer(answer{hash: crypto.SHA256}) }},
		{"stranger_sent_along", func(w *world) []byte {
			return w.withCertificate(w.answer(answer{}), expect.Must(ca.NewRoot(ca.Options{}))(t).Cert)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, []string{responderURL})
			w.at(responderURL, fixed(c.answer(w)))
			w.want(t, "good")
		})
	}
}

// An answer without a next update is used as long as any answer may be, and no longer; the next one takes its place.
func TestResponseWithoutNextUpdateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, []string{responderURL})
		w.at(responderURL, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(w.answer(answer{noNext: true})) })
		status := w.want(t, "good")
		if want := time.Now().Add(time.Hour); !status.RecheckAt.Equal(want) || !status.NextUpdate.IsZero() {
			t.Errorf("rechecked at %s, next update %s", status.RecheckAt, status.NextUpdate)
		}
		time.Sleep(44 * time.Minute)
		w.want(t, "good")
		if got := w.count("ocsp"); got != 1 {
			t.Errorf("asked %d times", got)
		}
		time.Sleep(2 * time.Minute)
		w.want(t, "good")
		if got := w.count("ocsp"); got != 2 {
			t.Errorf("asked %d times after three quarters of an hour", got)
		}
	})
}

// A responder that takes no GET is asked by POST; one in trouble is not asked twice.
func TestResponderThatTakesNoGET(t *testing.T) {
	for _, status := range []int{400, 404, 405, 411, 501} {
		w := newWorld(t, nil, []string{responderURL})
		good := w.answer(answer{})
		w.at(responderURL, func(rw http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				rw.WriteHeader(status)
				return
			}
			_, _ = rw.Write(good)
		})
		w.want(t, "good")
	}
	for _, status := range []int{429, 500, 503} {
		w := newWorld(t, nil, []string{responderURL})
		w.at(responderURL, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
		w.want(t, "the OCSP responder answered")
		if w.count("POST") != 0 {
			t.Errorf("%d: asked again by POST", status)
		}
	}
}

// The live responder, or the list, is found without waiting for a dead responder at each image.
func TestDeadResponderIsAskedLast(t *testing.T) {
	const dead = "http://dead.test/"
	for _, c := range []struct {
		name              string
		lists, responders []string
	}{
		{"first_of_two", nil, []string{dead, responderURL}},
		{"before_a_list", []string{listURL}, []string{dead}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.lists, c.responders)
			w.at(responderURL, fixed(w.answer(answer{})))
			w.at(listURL, fixed(w.list(list{})))
			for range 5 {
				w.want(t, "good")
				w.signer = expect.Must(w.ca.Signer(ca.Options{CRLURLs: c.lists, OCSPURLs: c.responders}))(t)
				w.at(responderURL, fixed(w.answer(answer{})))
			}
			if got := w.count(dead); got != 1 {
				t.Errorf("the dead one was asked %d times", got)
			}
		})
	}
}

// A dead responder is still asked where no other can tell, so that it is found to be well again at once.
func TestOnlyResponderIsAskedAgain(t *testing.T) {
	w := newWorld(t, nil, []string{responderURL})
	w.want(t, "refuses connections")
	w.at(responderURL, fixed(w.answer(answer{})))
	w.want(t, "good")
}

// A place that cannot be asked is named as such.
func TestURLsThatCannotBeAsked(t *testing.T) {
	for _, c := range []struct{ url, cause string }{
		{"https://ca.test/x", "is https; notation asks over http only"},
		{"HTTPS://ca.test/x", "is https; notation asks over http only"},
		{"ldap:///CN=CA?certificateRevocationList", "is not http"},
		{"file:///etc/passwd", "is not http"},
		{"http:", "is not http"},
	} {
		newWorld(t, []string{c.url}, nil).want(t, "the URL of the revocation list "+c.cause)
		newWorld(t, nil, []string{c.url}).want(t, "the URL of the OCSP responder "+c.cause)
	}
	odd := newWorld(t, nil, []string{"http://ca.test/%zz"})
	odd.want(t, "the URL of the OCSP responder cannot be read")
}

// Two answers made in one second: the one that revokes counts, in either order.
func TestRevokedCountsWithinOneSecond(t *testing.T) {
	for _, first := range []int{ocsp.Good, ocsp.Revoked} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil, []string{responderURL})
			good, revoked := w.answer(answer{}), w.answer(answer{status: ocsp.Revoked})
			order := [][]byte{good, revoked}
			if first == ocsp.Revoked {
				order = [][]byte{revoked, good}
			}
			w.at(responderURL, fixed(order[0]))
			w.check()
			time.Sleep(46 * time.Minute)
			w.at(responderURL, fixed(order[1]))
			w.want(t, "revoked")
		})
	}
}

// A signature made before the key was invalid counts, if its time is authentic.
func TestInvalidityDate(t *testing.T) {
	invalid := expect.Must(asn1.MarshalWithParams(time.Now().Add(-time.Hour).UTC(), "generalized"))(t)
	date := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 24}, Value: invalid}
	ways := []struct {
		name    string
		publish func(w *world)
	}{
		{"ocsp", func(w *world) {
			w.at(responderURL, fixed(w.answer(answer{status: ocsp.Revoked, extensions: []pkix.Extension{date}})))
		}},
		{"list", func(w *world) {
			w.at(listURL, fixed(w.list(list{revoked: []*x509.Certificate{w.signer.Cert}, entry: []pkix.Extension{date}})))
		}},
	}
	for _, tc := range ways {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, []string{listURL}, []string{responderURL})
			tc.publish(w)
			for _, c := range []struct {
				signed time.Time
				good   bool
			}{{time.Time{}, false}, {time.Now(), false}, {time.Now().Add(-2 * time.Hour), true}} {
				if got := w.checker.Check(t.Context(), w.signer.Chain, c.signed); got.Good() != c.good {
					t.Errorf("signed %s: %+v", c.signed, got)
				}
			}
		})
	}
}

// The status tells who is revoked, since when and why, and which certificate it does not know.
func TestStatusNamesTheCertificate(t *testing.T) {
	w := newWorld(t, []string{listURL}, nil)
	w.at(listURL, fixed(w.list(list{revoked: []*x509.Certificate{w.signer.Cert}, reason: 1})))
	got := w.check().Revoked
	if got == nil || got.Reason != 1 || got.Subject != w.signer.Cert.Subject.String() || time.Since(got.At).Round(time.Minute) != time.Hour {
		t.Errorf("%+v", got)
	}
	w.restart()
	w.at(listURL, fixed([]byte("none")))
	if err := w.check().Unknown; err == nil || !strings.Contains(err.Error(), w.signer.Cert.Subject.String()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
