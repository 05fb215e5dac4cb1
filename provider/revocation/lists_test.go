package revocation_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

const (
	idp       = "2.5.29.28"
	deltaMark = "2.5.29.27"
	freshest  = "2.5.29.46"
)

func only(e ...pkix.Extension) list { return list{extensions: e} }

func limited(value ...byte) list { return only(extension(idp, true, sequence(value...)...)) }

// points is DER of CRLDistributionPoints, one for each text.
func points(each ...[]byte) []byte {
	var all []byte
	for _, p := range each {
		all = append(all, sequence(p...)...)
	}
	return sequence(all...)
}

// A list counts if the CA made it for this certificate, for all reasons, and for now. Any other counts for nothing: the
// status is unknown, and the CA's whole list is heard next, though it is older.
func TestListsThatDoNotCover(t *testing.T) {
	for _, c := range []struct {
		name  string
		list  func(w *world) []byte
		cause string
	}{
		{"delta", func(w *world) []byte { return w.list(only(extension(deltaMark, true, 2, 1, 1))) }, "is a delta list"},
		{"delta_not_critical", func(w *world) []byte { return w.list(only(extension(deltaMark, false, 2, 1, 1))) }, "is a delta list"},
		{"delta_unreadable", func(w *world) []byte { return w.list(only(extension(deltaMark, true, 5, 0))) }, "cannot be read"},
		{"another_url", func(w *world) []byte { return w.list(limited(fullName("http://ca.test/other.crl")...)) }, "another URL"},
		{"another_url_not_critical", func(w *world) []byte {
			return w.list(only(extension(idp, false, sequence(fullName("http://ca.test/other.crl")...)...)))
		}, "another URL"},
		{"another_path_case", func(w *world) []byte { return w.list(limited(fullName("http://ca.test/LIST.crl")...)) }, "another URL"},
		{"relative_name", func(w *world) []byte { return w.list(limited(0xa0, 2, 0xa1, 0)) }, "another URL"},
		{"no_name", func(w *world) []byte { return w.list(limited(0xa0, 2, 0xa0, 0)) }, "another URL"},
		{"ca_certificates", func(w *world) []byte { return w.list(limited(0x82, 1, 0xff)) }, "CA certificates only"},
		{"attribute_certificates", func(w *world) []byte { return w.list(limited(0x85, 1, 0xff)) }, "attribute certificates only"},
		{"some_reasons", func(w *world) []byte { return w.list(limited(0x83, 2, 3, 8)) }, "some reasons only"},
		{"no_reasons", func(w *world) []byte { return w.list(limited(0x83, 1, 0)) }, "some reasons only"},
		{"reasons_empty", func(w *world) []byte { return w.list(limited(0x83, 0)) }, "some reasons only"},
		{"indirect", func(w *world) []byte { return w.list(limited(0x84, 1, 0xff)) }, "indirect"},
		{"odd_scope", func(w *world) []byte { return w.list(limited(0x86, 1, 0xff)) }, "scope that cannot be read"},
		{"odd_flag", func(w *world) []byte { return w.list(limited(0x82, 2, 0xff, 0xff)) }, "scope that cannot be read"},
		{"empty_scope", func(w *world) []byte { return w.list(only(extension(idp, true))) }, "scope that cannot be read"},
		{"critical_extension", func(w *world) []byte { return w.list(only(extension("1.2.3.4", true, 5, 0))) }, "critical extension"},
		{"critical_entry", func(w *world) []byte {
			return w.list(list{revoked: []*x509.Certificate{w.root.Cert}, entry: []pkix.Extension{extension("1.2.3.4", true, 5, 0)}})
		}, "entry with an extension"},
		{"other_issuers_entry", func(w *world) []byte {
			return w.list(list{revoked: []*x509.Certificate{w.root.Cert}, entry: []pkix.Extension{extension("2.5.29.29", false, 0x30, 0)}})
		}, "entry with an extension"},
		{"the_roots", func(w *world) []byte { return w.list(list{by: w.root}) }, "another CA's"},
		{"same_name", func(w *world) []byte {
			return w.list(list{by: expect.Must(ca.NewRoot(ca.Options{Subject: w.ca.Cert.Subject}))(t)})
		}, "not signed by the CA"},
		{"same_key", func(w *world) []byte {
			twin := expect.Must(w.root.Intermediate(ca.Options{Key: w.ca.Key, Subject: pkix.Name{CommonName: "Twin"}}))(t)
			return w.list(list{by: twin})
		}, "another CA's"},
		{"from_the_future", func(w *world) []byte { return w.list(list{this: 10 * time.Minute}) }, "from the future"},
		{"ended", func(w *world) []byte { return w.list(list{this: -2 * time.Hour, next: -time.Hour}) }, "ended on"},
		{"pem", func(w *world) []byte { return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: w.list(list{})}) }, "is PEM"},
		{"version_1", func(w *world) []byte { return w.version1() }, "has version 1"},
		{"no_next_update", func(w *world) []byte { return w.withoutEnd() }, "does not say when it ends"},
		{"page", func(*world) []byte { return []byte("<p>Please sign in.") }, "cannot be read"},
		{"nothing", func(*world) []byte { return nil }, "cannot be read"},
		{"trailing", func(w *world) []byte { return append(w.list(list{}), 0) }, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, []string{listURL}, nil)
			revoked := w.list(list{this: -20 * time.Minute, revoked: []*x509.Certificate{w.signer.Cert}})
			w.at(listURL, fixed(c.list(w)))
			w.want(t, c.cause)
			w.at(listURL, fixed(revoked))
			w.want(t, "revoked")
		})
	}
}

// sign makes a list of a header, without extensions.
func (w *world) sign(header ...func(*cryptobyte.Builder)) []byte {
	w.t.Helper()
	algorithm := asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	build := func(parts ...func(*cryptobyte.Builder)) []byte {
		var b cryptobyte.Builder
		b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, p := range parts {
				p(b)
			}
		})
		return b.BytesOrPanic()
	}
	alg := build(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(algorithm) })
	name := func(b *cryptobyte.Builder) { b.AddBytes(w.ca.Cert.RawSubject) }
	parts := []func(*cryptobyte.Builder){header[0], func(b *cryptobyte.Builder) { b.AddBytes(alg) }, name}
	tbs := build(append(parts, header[1:]...)...)
	h := crypto.SHA256.New()
	h.Write(tbs)
	signature := expect.Must(w.ca.Key.Sign(rand.Reader, h.Sum(nil), crypto.SHA256))(w.t)
	return build(func(b *cryptobyte.Builder) { b.AddBytes(tbs) }, func(b *cryptobyte.Builder) { b.AddBytes(alg) }, func(b *cryptobyte.Builder) { b.AddASN1BitString(signature) })
}

func utc(at time.Time) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) { b.AddASN1UTCTime(at) }
}

// version1 is a list as openssl makes it without crl_extensions.
func (w *world) version1() []byte {
	return w.sign(func(*cryptobyte.Builder) {}, utc(time.Now().Add(-time.Minute)), utc(time.Now().Add(time.Hour)))
}

func (w *world) withoutEnd() []byte {
	return w.sign(func(b *cryptobyte.Builder) { b.AddASN1Int64(1) }, utc(time.Now().Add(-time.Minute)))
}

// What RFC 5280 allows counts.
func TestListsThatCover(t *testing.T) {
	for _, c := range []struct {
		name string
		list func(w *world) list
	}{
		{"whole", func(*world) list { return list{} }},
		{"its_url", func(*world) list { return limited(fullName(listURL)...) }},
		{"its_url_in_capitals", func(*world) list { return limited(fullName("HTTP://CA.test/list.crl")...) }},
		{"one_of_its_urls", func(*world) list {
			names := append([]byte{0x86, 4}, "a://"...)
			names = append(append(names, 0x86, byte(len(listURL))), listURL...)
			names = append([]byte{0xa0, byte(len(names))}, names...)
			return limited(append([]byte{0xa0, byte(len(names))}, names...)...)
		}},
		{"user_certificates", func(*world) list { return limited(0x81, 1, 0xff) }},
		{"false_flag", func(*world) list { return limited(0x82, 1, 0) }},
		{"all_reasons", func(*world) list { return limited(0x83, 3, 7, 0x7f, 0x80) }},
		{"clock_ahead", func(*world) list { return list{this: time.Minute} }},
		{"others_revoked", func(w *world) list { return list{revoked: []*x509.Certificate{w.root.Cert}, reason: 1} }},
		{"not_critical_entry", func(w *world) list {
			return list{revoked: []*x509.Certificate{w.root.Cert}, entry: []pkix.Extension{extension("1.2.3.4", false, 5, 0)}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, []string{listURL}, nil)
			w.at(listURL, fixed(w.list(c.list(w))))
			w.want(t, "good")
			w.restart()
			revoking := c.list(w)
			revoking.revoked = append(revoking.revoked, w.signer.Cert)
			w.at(listURL, fixed(w.list(revoking)))
			w.want(t, "revoked")
		})
	}
}

// A list of CA certificates covers an intermediate, and a list of user certificates does not.
func TestScopeOfAnIntermediate(t *testing.T) {
	for _, c := range []struct {
		flag byte
		want string
	}{{0x82, "good"}, {0x81, "is not about CA certificates"}} {
		w := newWorld(t, nil, nil)
		w.ca = expect.Must(w.root.Intermediate(ca.Options{CRLURLs: []string{listURL}}))(t)
		w.signer = expect.Must(w.ca.Signer(ca.Options{}))(t)
		made := limited(c.flag, 1, 0xff)
		made.by = w.root
		w.at(listURL, fixed(w.list(made)))
		w.want(t, c.want)
	}
}

// One list that covers the certificate is enough, and the live place is found without waiting for the dead one each time.
func TestOneLiveListIsEnough(t *testing.T) {
	const dead = "http://dead.test/x.crl"
	for _, urls := range [][]string{
		{dead, listURL}, {listURL, dead}, {"ldap:///CN=CA?certificateRevocationList", listURL}, {"https://ca.test/x.crl", listURL}, {"http://page.test/", listURL},
	} {
		w := newWorld(t, urls, nil)
		w.at(listURL, fixed(w.list(list{})))
		w.at("http://page.test/", fixed([]byte("<p>Please sign in.")))
		for range 5 {
			w.want(t, "good")
			w.signer = expect.Must(w.ca.Signer(ca.Options{CRLURLs: urls}))(t)
		}
		if got := w.count(dead) + w.count("page.test"); got > 1 {
			t.Errorf("%v: the dead one was asked %d times", urls, got)
		}
		if got := w.count(listURL); got != 1 {
			t.Errorf("%v: the list was fetched %d times", urls, got)
		}
		w.restart()
		w.at(listURL, fixed(w.list(list{revoked: []*x509.Certificate{w.signer.Cert}})))
		w.want(t, "revoked")
	}
}

// An old list at another URL of the same CA does not undo what a newer one said.
func TestOlderListAtAnotherURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const second = "http://second.test/list.crl"
		w := newWorld(t, []string{listURL, second}, nil)
		before := w.list(list{number: 1, next: 100 * time.Hour})
		time.Sleep(time.Hour)
		w.at(listURL, fixed(w.list(list{number: 2, next: 100 * time.Hour, revoked: []*x509.Certificate{w.signer.Cert}})))
		w.want(t, "revoked")
		w.at(listURL, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
		w.at(second, fixed(before))
		time.Sleep(2 * time.Hour)
		w.want(t, "revoked")
	})
}

// An older list where a newer one was is a failed fetch: it is not fetched again for every image.
func TestOlderListIsAFailedFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, []string{listURL}, nil)
		before := w.list(list{number: 1, next: 100 * time.Hour})
		time.Sleep(time.Hour)
		w.at(listURL, fixed(w.list(list{number: 2, next: 100 * time.Hour})))
		w.want(t, "good")
		w.at(listURL, fixed(before))
		time.Sleep(time.Hour) // the age of an answer
		for range 3 {
			w.want(t, "good")
		}
		if got := w.count(listURL); got != 2 {
			t.Errorf("the list was fetched %d times", got)
		}
	})
}

// A CA may publish its whole list at one place each day and at another each week: the later one counts for both.
func TestLaterListOfAnotherURLCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const weekly = "http://ca.test/weekly.crl"
		w := newWorld(t, []string{listURL}, nil)
		w.at(weekly, fixed(w.list(list{number: 1, next: 100 * time.Hour})))
		time.Sleep(24 * time.Hour)
		old := expect.Must(w.ca.Signer(ca.Options{CRLURLs: []string{weekly}}))(t)
		w.at(listURL, fixed(w.list(list{number: 2, revoked: []*x509.Certificate{old.Cert}})))
		w.want(t, "good")
		good := expect.Must(w.ca.Signer(ca.Options{CRLURLs: []string{weekly}}))(t)
		w.signer = good
		w.want(t, "good")
		w.signer = old
		w.want(t, "revoked")
		if got := w.count(weekly); got != 1 {
			t.Errorf("the weekly list was fetched %d times", got)
		}
	})
}

// withPoints makes a signer whose certificate has distribution points of a certain form.
func (w *world) withPoints(der []byte) *ca.Identity {
	w.t.Helper()
	return w.certify(w.ca, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
		c.ExtraExtensions = []pkix.Extension{extension("2.5.29.31", false, der...)}
	})
}

// Lists for some reasons each cover a certificate together, as its distribution points say; a list of another CA does not.
func TestDistributionPoints(t *testing.T) {
	const a, b = "http://a.test/crl", "http://b.test/crl"
	first := append(fullName(a), 0x81, 2, 1, 0x60)      // reasons 1 and 2
	rest := append(fullName(b), 0x81, 3, 7, 0x1f, 0x80) // reasons 3 to 8
	another := append(fullName(b), 0xa2, 2, 0xa4, 0)    // with a cRLIssuer
	for _, c := range []struct {
		name   string
		points []byte
		a, b   bool // whether the list is there
		want   string
	}{
		{"both", points(first, rest), true, true, "good"},
		{"first_alone", points(first, rest), true, false, "not about all reasons"},
		{"rest_alone", points(first, rest), false, true, "not about all reasons"},
		{"first_only", points(first), true, false, "not about all reasons"},
		{"another_ca", points(another), true, true, "indirect"},
		{"another_ca_beside", points(fullName(a), another), true, true, "good"},
		{"whole_list_at_part", points(first, rest), true, true, "good"},
		{"no_names", points([]byte{0x81, 2, 1, 0x60}), true, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil)
			w.signer = w.withPoints(c.points)
			for _, tc := range []struct {
				url   string
				there bool
			}{{a, c.a}, {b, c.b}} {
				if tc.there {
					w.at(tc.url, fixed(w.list(list{})))
				}
			}
			if c.name == "no_names" {
				if w.check().Unknown == nil {
					t.Error("a certificate whose list is nowhere is not good")
				}
				return
			}
			w.want(t, c.want)
		})
	}
}

// A list that names a delta list counts together with it: what is revoked there is revoked, and without it nothing is known.
func TestDeltaLists(t *testing.T) {
	const url = "http://ca.test/delta.crl"
	names := extension(freshest, false, points(fullName(url))...)
	indicator := func(base byte) pkix.Extension { return extension(deltaMark, true, 2, 1, base) }
	for _, c := range []struct {
		name  string
		delta func(w *world) []byte
		want  string
	}{
		{"nothing_new", func(w *world) []byte { return w.list(list{number: 6, extensions: []pkix.Extension{indicator(5)}}) }, "good"},
		{"revokes", func(w *world) []byte {
			return w.list(list{number: 6, extensions: []pkix.Extension{indicator(5)}, revoked: []*x509.Certificate{w.signer.Cert}})
		}, "revoked"},
		{"same_number", func(w *world) []byte { return w.list(list{number: 5, extensions: []pkix.Extension{indicator(3)}}) }, "good"},
		{"for_a_later_list", func(w *world) []byte { return w.list(list{number: 9, extensions: []pkix.Extension{indicator(8)}}) }, "not for the revocation list"},
		{"whole_list", func(w *world) []byte { return w.list(list{number: 6}) }, "not for the revocation list"},
		{"other_scope", func(w *world) []byte {
			return w.list(list{number: 6, extensions: []pkix.Extension{indicator(5), extension(idp, true, sequence(0x82, 1, 0xff)...)}})
		}, "another scope"},
		{"ended", func(w *world) []byte {
			return w.list(list{number: 6, this: -2 * time.Hour, next: -time.Hour, extensions: []pkix.Extension{indicator(5)}})
		}, "ended on"},
		{"another_cas", func(w *world) []byte {
			return w.list(list{by: w.root, number: 6, extensions: []pkix.Extension{indicator(5)}})
		}, "another CA's"},
		{"down", nil, "refuses connections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, []string{listURL}, nil)
			w.at(listURL, fixed(w.list(list{number: 5, extensions: []pkix.Extension{names}})))
			if c.delta != nil {
				w.at(url, fixed(c.delta(w)))
			}
			w.want(t, c.want)
		})
	}
}

// A certificate that is suspended is revoked until a delta list takes it back.
func TestSuspendedCertificate(t *testing.T) {
	const url = "http://ca.test/delta.crl"
	w := newWorld(t, []string{listURL}, nil)
	names := extension(freshest, false, points(fullName(url))...)
	suspended := list{number: 5, extensions: []pkix.Extension{names}, revoked: []*x509.Certificate{w.signer.Cert}, reason: 6}
	w.at(listURL, fixed(w.list(suspended)))
	w.at(url, fixed(w.list(list{number: 6, extensions: []pkix.Extension{extension(deltaMark, true, 2, 1, 5)}})))
	w.want(t, "revoked")
	w.restart()
	w.at(url, fixed(w.list(list{number: 6, extensions: []pkix.Extension{extension(deltaMark, true, 2, 1, 5)}, revoked: []*x509.Certificate{w.signer.Cert}, reason: 8})))
	w.want(t, "good")
}

// A certificate whose own delta list the revocation list does not name is not known to be good.
func TestDeltaNamedByTheCertificateAlone(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.signer = w.certify(w.ca, func(c *x509.Certificate) {
		c.CRLDistributionPoints = []string{listURL}
		c.ExtraExtensions = []pkix.Extension{extension(freshest, false, points(fullName("http://ca.test/delta.crl"))...)}
	})
	w.at(listURL, fixed(w.list(list{})))
	w.want(t, "delta list that its revocation list does not name")
}

// largeList is a list of about so many bytes; what is revoked beside comes last.
func (w *world) largeList(size int, revoked ...*x509.Certificate) []byte {
	w.t.Helper()
	entry := func(b *cryptobyte.Builder, serial *big.Int) {
		b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1BigInt(serial)
			b.AddASN1UTCTime(time.Now())
		})
	}
	var one cryptobyte.Builder
	entry(&one, new(big.Int).Lsh(big.NewInt(1), 150))
	many := bytes.Repeat(one.BytesOrPanic(), size/len(one.BytesOrPanic()))
	return w.sign(func(b *cryptobyte.Builder) { b.AddASN1Int64(1) }, utc(time.Now()), utc(time.Now().Add(time.Hour)), func(b *cryptobyte.Builder) {
		b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(many)
			for _, c := range revoked {
				entry(b, c.SerialNumber)
			}
		})
	})
}

// A list of a public CA's size is read and looked up; what it takes in memory is its own size.
func TestLargeList(t *testing.T) {
	w := newWorld(t, []string{listURL}, nil)
	good, revoked := w.largeList(17<<20), w.largeList(17<<20, w.signer.Cert)
	w.at(listURL, fixed(good))
	before := heap()
	w.want(t, "good")
	w.want(t, "good")
	if got := w.count(listURL); got != 1 {
		t.Errorf("fetched %d times", got)
	}
	// The recorder that stands for the network holds one copy, too.
	if grown := heap() - before; grown > 3*int64(len(good)) {
		t.Errorf("%d MiB are held for a list of %d MiB", grown>>20, len(good)>>20)
	}
	w.restart()
	w.at(listURL, fixed(revoked))
	w.want(t, "revoked")
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// zeros is a body without end.
type zeros struct{ read int64 }

func (z *zeros) Read(p []byte) (int, error) { z.read += int64(len(p)); return len(p), nil }
func (*zeros) Close() error                 { return nil }

type endless struct{ body *zeros }

func (e endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: e.body, ContentLength: -1, Header: http.Header{}, Request: r}, nil
}

// What is sent without end is read up to the bound.
func TestEndlessList(t *testing.T) {
	w := newWorld(t, []string{listURL}, nil)
	body := &zeros{}
	w.replaceTransport(endless{body})
	w.want(t, "more than is read")
	if body.read > 33<<20 {
		t.Errorf("%d MiB were read", body.read>>20)
	}
}

// Many large lists together take no more than the bound; the ones used last are kept.
func TestListsAreBoundedTogether(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.at("http://ca.test/", fixed(w.largeList(24<<20)))
	for _, name := range []string{"1", "2", "3", "3", "2"} {
		w.signer = expect.Must(w.ca.Signer(ca.Options{CRLURLs: []string{"http://ca.test/" + name}}))(t)
		w.want(t, "good")
	}
	if got := w.count("ca.test"); got != 3 {
		t.Errorf("%d lists were fetched, want 3", got)
	}
	w.signer = expect.Must(w.ca.Signer(ca.Options{CRLURLs: []string{"http://ca.test/1"}}))(t)
	w.want(t, "good")
	if got := w.count("ca.test/1"); got != 2 {
		t.Errorf("the first was fetched %d times: it must have made room", got)
	}
}
