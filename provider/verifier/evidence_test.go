package verifier_test

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"iter"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// line is the way to a repository: it counts what goes over it, and may be cut.
type line struct {
	*shelf

	mu    sync.Mutex
	asked int
	fault func(context.Context) error
}

func (l *line) ask(ctx context.Context) error {
	l.mu.Lock()
	l.asked++
	fault := l.fault
	l.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(ctx)
}

func (l *line) Resolve(ctx context.Context) (ocispec.Descriptor, error) {
	if err := l.ask(ctx); err != nil {
		return ocispec.Descriptor{}, err
	}
	return l.shelf.Resolve(ctx)
}

func (l *line) Signatures(ctx context.Context, desc ocispec.Descriptor) iter.Seq2[provider.Listing, error] {
	if err := l.ask(ctx); err != nil {
		return func(yield func(provider.Listing, error) bool) { yield(provider.Listing{}, err) }
	}
	return l.shelf.Signatures(ctx, desc)
}

func (l *line) Envelope(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	if err := l.ask(ctx); err != nil {
		return nil, ocispec.Descriptor{}, err
	}
	return l.shelf.Envelope(ctx, manifest)
}

// cut makes the registry fail from now on, or not.
func (l *line) cut(fault func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
}

// count tells how often the registry was asked since the last count.
func (l *line) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = 0
	return asked
}

func isDown(context.Context) error {
	return provider.Undecided(provider.CauseRegistry, nil, "the registry cannot be reached")
}

func hangs(ctx context.Context) error {
	<-ctx.Done()
	return provider.Undecided(provider.CauseRegistry, ctx.Err(), "the registry did not answer in time")
}

func limitsUs(context.Context) error {
	return provider.Undecided(provider.CauseRegistry, nil, "the registry limits the rate of requests, and is left alone until 12:00:00 UTC")
}

// store keeps everything, and lets a test read and forge it.
type store struct {
	mu      sync.Mutex
	entries map[string][]byte
	forged  []byte // said of every image where not nil
}

func (s *store) Get(_ context.Context, key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forged != nil {
		return s.forged, true
	}
	value, ok := s.entries[key]
	return value, ok
}

func (s *store) Put(_ context.Context, key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[key] = value
}

func (s *store) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// archive is a verifier with evidence, and all around it.
type archive struct {
	*authority
	*realm
	*verifier.Verifier

	line  *line
	store *store
	dir   string
}

func (a *authority) newArchive(t testing.TB, r *realm, trust rig.Trust) *archive {
	t.Helper()
	w := &archive{authority: a, realm: r, line: &line{shelf: newShelf()}, store: &store{entries: map[string][]byte{}}, dir: t.TempDir()}
	w.Verifier = setup{
		trust: trust, repository: w.line, authority: a, dir: w.dir, limit: 5,
		evidence: evidence.New(w.store, func(bool) {}),
	}.open(t)
	return w
}

// strict is an archive that trusts a new realm's root.
func strict(t testing.TB, how revocable) *archive {
	t.Helper()
	a := newAuthority()
	r := a.newRealm(t, how)
	return a.newArchive(t, r, trusting(r.root.Cert, trustpolicy.SignatureVerification{}))
}

// trusts replaces the trust in force.
func (w *archive) trusts(t *testing.T, trust rig.Trust) {
	t.Helper()
	if err := trust.Write(w.dir); err != nil {
		t.Fatal(err)
	}
	if changed, err := w.Files().Reload(); err != nil || !changed {
		t.Fatalf("changed %t, %v", changed, err)
	}
}

// known judges the image where its tag told the whole descriptor.
func (w *archive) known(ctx context.Context, t testing.TB, desc ocispec.Descriptor) (provider.Verdict, error) {
	t.Helper()
	policy, ok := w.Snapshot().Verifier(image)
	if !ok {
		t.Fatal("no policy covers the image")
	}
	verdict, err := ask(ctx, policy, desc)
	told(t, verdict, err)
	return verdict, err
}

// is judges and fails unless the outcome is that, and the registry was asked or not.
func (w *archive) is(t *testing.T, reason provider.Reason, asked bool) provider.Verdict {
	t.Helper()
	w.line.count()
	verdict, err := verifyNew(t.Context(), t, w.Verifier)
	is(t, reason, verdict, err)
	if got := w.line.count(); (got > 0) != asked {
		t.Errorf("%s after %d requests to the registry, want any: %t", reason, got, asked)
	}
	return verdict
}

// unknown judges and fails unless the image is undecided by the cause.
func (w *archive) unknown(t *testing.T, cause provider.Cause) {
	t.Helper()
	verdict, err := verifyNew(t.Context(), t, w.Verifier)
	unknown(t, cause, verdict, err)
}

// worldly is what a verdict says to the world.
func worldly(v provider.Verdict) provider.Verdict {
	v.Signatures = nil
	return v
}

// An image whose evidence is kept is verified again without a request.
func TestEvidenceIsVerifiedWithoutARequest(t *testing.T) {
	annotated := target
	annotated.Annotations = map[string]string{"org.example": "x"}
	pinned := ocispec.Descriptor{Digest: target.Digest}
	for _, c := range []struct {
		name          string
		first, second ocispec.Descriptor
	}{
		{"pinned", pinned, pinned},
		{"by tag", target, target},
		{"pinned, then by tag", pinned, target},
		{"by tag, then pinned", target, pinned},
		{"annotated tag, and pinned", annotated, pinned},
	} {
		for _, mediaType := range []string{ca.JWS, ca.COSE} {
			w := strict(t, revocable{})
			stranger := newAuthority().newRealm(t, revocable{})
			w.line.sign(t, stranger.signer, ca.SignOptions{})
			w.line.put(blob{raw: []byte("junk"), mediaType: ca.JWS}, nil)
			good := w.line.sign(t, w.signer, ca.SignOptions{MediaType: mediaType, Expiry: time.Now().Add(time.Hour)})
			w.line.list[2].Annotations = nil // or it would be the first that is looked at
			w.line.sign(t, stranger.signer, ca.SignOptions{})

			first, err := w.known(t.Context(), t, c.first)
			is(t, provider.Verified, first, err)
			if len(first.Signatures) < 2 || w.line.count() == 0 {
				t.Errorf("%s: the good signature was to come after others: %+v", c.name, first.Signatures)
			}
			for range 2 {
				second, err := w.known(t.Context(), t, c.second)
				is(t, provider.Verified, second, err)
				if asked := w.line.count(); asked != 0 {
					t.Errorf("%s, %s: %d requests about what was said before", c.name, mediaType, asked)
				}
				if !reflect.DeepEqual(worldly(second), worldly(first)) {
					t.Errorf("%s: %+v, first %+v", c.name, second, first)
				}
				if len(second.Signatures) != 1 || second.Signatures[0].Digest != good {
					t.Errorf("%s: by %+v, want %s", c.name, second.Signatures, good)
				}
			}
		}
	}
}

func TestNothingIsKeptOfAnImageThatWasNotVerified(t *testing.T) {
	stranger := newAuthority().newRealm(t, revocable{})
	for _, c := range []struct {
		name   string
		spoil  func(*archive)
		reason provider.Reason // "" for ignorance
	}{
		{"no signature", func(*archive) {}, provider.Unsigned},
		{"no image", func(w *archive) { w.line.resolveErr = provider.ErrNotFound }, provider.NotFound},
		{"a stranger's", func(w *archive) { w.line.sign(t, stranger.signer, ca.SignOptions{}) }, provider.Untrusted},
		{"tampered", func(w *archive) { w.line.put(blob{raw: []byte("junk"), mediaType: ca.JWS}, nil) }, provider.Tampered},
		{"unsupported", func(w *archive) { w.line.put(blob{raw: []byte("{}"), mediaType: "text/plain"}, nil) }, provider.Unsupported},
		{"expired", func(w *archive) { w.line.sign(t, w.signer, expired()) }, provider.Expired},
		{"revoked", func(w *archive) {
			w.line.sign(t, w.signer, ca.SignOptions{})
			w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
		}, provider.Revoked},
		{"too many", func(w *archive) { w.line.more = true }, provider.TooManySignatures},
		{"another artifact's", func(w *archive) { w.sign(t, other()) }, provider.Tampered},
		{"a lost signature", func(w *archive) { w.line.put(blob{err: provider.ErrNotFound}, nil) }, ""},
		{"no list", func(w *archive) { w.line.listErr = isDown(t.Context()) }, ""},
		{"another digest", func(w *archive) { w.line.desc.Digest = digest.FromString("another") }, ""},
		{"registry down", func(w *archive) { w.line.cut(isDown) }, ""},
		{"revocation down", func(w *archive) {
			w.line.sign(t, w.signer, ca.SignOptions{})
			w.fail(down)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := strict(t, revocable{crl: true})
			c.spoil(w)
			for range 2 {
				verdict, err := verifyNew(t.Context(), t, w.Verifier)
				if verdict.Reason != c.reason {
					t.Errorf("%q, %v, want %q", verdict.Reason, err, c.reason)
				}
				if w.line.count() == 0 {
					t.Error("the registry was not asked again: a signature may have been pushed")
				}
			}
			if kept := w.store.len(); kept > 0 {
				t.Errorf("%d entries are kept", kept)
			}
		})
	}
}

func other() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: target.MediaType, Digest: digest.FromString("other"), Size: 528}
}

// sign puts a good signature of whatever on the shelf.
func (w *archive) sign(t testing.TB, what ocispec.Descriptor) {
	t.Helper()
	envelope := sign(t, w.signer, what, ca.SignOptions{})
	w.line.put(blob{raw: envelope.Raw, mediaType: envelope.MediaType}, envelope.Annotations)
}

func TestASignatureThatComesAfterwardsIsFound(t *testing.T) {
	w := strict(t, revocable{})
	w.is(t, provider.Unsigned, true)
	w.sign(t, target)
	w.is(t, provider.Verified, true)
	w.is(t, provider.Verified, false)
}

// An image whose evidence is kept is verified while its registry fails.
func TestEvidenceVerifiesWhileTheRegistryFails(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault func(context.Context) error
	}{{"down", isDown}, {"hung", hangs}, {"limits us", limitsUs}} {
		for _, test := range []struct {
			where string
			desc  ocispec.Descriptor
		}{{"pinned", ocispec.Descriptor{Digest: target.Digest}}, {"by tag", target}} {
			t.Run(tc.name+" "+test.where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ask := func(w *archive) (provider.Verdict, error) {
						ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
						defer cancel()
						return w.known(ctx, t, test.desc)
					}
					seen, unseen := strict(t, revocable{}), strict(t, revocable{})
					seen.sign(t, target)
					seen.is(t, provider.Verified, true)
					unseen.sign(t, target)
					seen.line.cut(tc.fault)
					unseen.line.cut(tc.fault)
					for range 6 {
						began := time.Now()
						verdict, err := ask(seen)
						is(t, provider.Verified, verdict, err)
						if waited := time.Since(began); waited > 0 {
							t.Errorf("waited %v for a registry that need not be asked", waited)
						}
						verdict, err = ask(unseen)
						unknown(t, provider.CauseRegistry, verdict, err)
						time.Sleep(10 * time.Minute)
					}
					unseen.line.cut(nil)
					unseen.is(t, provider.Verified, true)
				})
			})
		}
	}
}

func TestWhatIsKeptIsJudgedByTodaysTrust(t *testing.T) {
	stranger := newAuthority().newRealm(t, revocable{})
	identities := func(names ...string) func(*archive) rig.Trust {
		return func(w *archive) rig.Trust {
			trust := trusting(w.root.Cert, trustpolicy.SignatureVerification{})
			trust.Policies[0].TrustedIdentities = names
			return trust
		}
	}
	for _, tc := range []struct {
		name  string
		today func(*archive) rig.Trust
	}{
		{"another root", func(*archive) rig.Trust { return trusting(stranger.root.Cert, trustpolicy.SignatureVerification{}) }},
		{"another identity", identities("x509.subject: C=GB,ST=England,O=SKAO,CN=somebody else")},
		{"always a timestamp", func(w *archive) rig.Trust {
			return stamped(trusting(w.root.Cert, trustpolicy.SignatureVerification{}), w.newTSA(t, revocable{}), trustpolicy.OptionAlways)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := strict(t, revocable{})
			w.sign(t, target)
			w.is(t, provider.Verified, true)
			w.is(t, provider.Verified, false)

			w.trusts(t, tc.today(w))
			w.is(t, provider.Untrusted, true)
			w.line.cut(isDown)
			w.unknown(t, provider.CauseRegistry)

			renamed := trusting(w.root.Cert, trustpolicy.SignatureVerification{})
			renamed.Policies[0].Name = "today"
			w.trusts(t, renamed)
			if verdict := w.is(t, provider.Verified, false); verdict.Policy != "today" {
				t.Errorf("verified by policy %q", verdict.Policy)
			}
		})
	}
}

// A request judges by the snapshot it began with, also what it finds in the evidence.
func TestWhatIsKeptIsJudgedByTheSnapshotOfItsRequest(t *testing.T) {
	w, stranger := strict(t, revocable{}), newAuthority().newRealm(t, revocable{})
	w.sign(t, target)
	before := w.Snapshot()
	w.is(t, provider.Verified, true)
	w.trusts(t, trusting(stranger.root.Cert, trustpolicy.SignatureVerification{}))
	for range 2 {
		policy, _ := before.Verifier(image)
		verdict, err := ask(t.Context(), policy, target)
		is(t, provider.Verified, verdict, err)
		w.is(t, provider.Untrusted, true)
	}
}

// The newer signature is found when the kept one fails and is kept in its place.
func TestANewSignatureReplacesFailedEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := strict(t, revocable{crl: true})
		w.sign(t, target)
		w.is(t, provider.Verified, true)
		newer := rig.Must(w.intermediate.Signer(ca.Options{Subject: pkix.Name{
			Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"}, CommonName: "the next signer",
		}, CRLURLs: w.signerURLs[:1]}))(t)
		w.line.sign(t, newer, ca.SignOptions{})
		if verdict := w.is(t, provider.Verified, false); verdict.Signer != w.signer.Cert.Subject.String() {
			t.Errorf("signed by %q, which was not asked for", verdict.Signer)
		}
		w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
		time.Sleep(2 * time.Hour)
		for _, asked := range []bool{true, false, false} {
			if verdict := w.is(t, provider.Verified, asked); verdict.Signer != newer.Cert.Subject.String() {
				t.Errorf("signed by %q", verdict.Signer)
			}
		}
		w.line.cut(isDown)
		w.is(t, provider.Verified, false)
	})
}

func TestWhatIsRevokedTodayIsNotVerifiedByWhatWasKept(t *testing.T) {
	for name, how := range everyWay {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := strict(t, how)
				w.sign(t, target)
				w.is(t, provider.Verified, true)
				time.Sleep(2 * time.Hour) // what was said of revocation is old
				w.fail(down)
				w.line.cut(isDown)
				time.Sleep(25 * time.Hour)
				w.unknown(t, provider.CauseRegistry) // it is unknown whether it is revoked
				w.line.cut(nil)
				w.unknown(t, provider.CauseRevocation)

				w.fail(nil)
				w.line.cut(isDown)
				time.Sleep(time.Hour)
				w.is(t, provider.Verified, false)
				w.signerLedger.Revoke(w.signer.Cert, time.Now(), 1)
				time.Sleep(2 * time.Hour)
				w.unknown(t, provider.CauseRegistry)
				w.line.cut(nil)
				w.is(t, provider.Revoked, true)
			})
		})
	}
}

func TestWhatExpiredIsNotVerifiedByWhatWasKept(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(*archive)
	}{
		{"the signature", func(w *archive) { w.line.sign(t, w.signer, ca.SignOptions{Expiry: time.Now().Add(3 * time.Hour)}) }},
		{"the signer", func(w *archive) {
			short := w.signerOptions
			short.NotAfter = time.Now().Add(3 * time.Hour)
			w.line.sign(t, rig.Must(w.intermediate.Signer(short))(t), ca.SignOptions{})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := strict(t, revocable{})
				tc.make(w)
				w.is(t, provider.Verified, true)
				time.Sleep(3*time.Hour - time.Minute)
				w.is(t, provider.Verified, false)
				time.Sleep(2 * time.Minute)
				w.is(t, provider.Expired, true)
				w.line.cut(isDown)
				w.unknown(t, provider.CauseRegistry)
			})
		})
	}
}

// forgeries are what a store may say of an image that is not signed by anyone who is trusted, by what they are.
func forgeries(t testing.TB, w *archive) map[string][]byte {
	t.Helper()
	stranger := newAuthority().newRealm(t, revocable{})
	piece := func(by *ca.Identity, what ocispec.Descriptor, opts ca.SignOptions, change func(*evidence.Record)) []byte {
		envelope := sign(t, by, what, opts)
		p := evidence.Record{
			Manifest:  target,
			Signature: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("signature"), Size: 700, Annotations: envelope.Annotations},
			Blob:      ocispec.Descriptor{MediaType: envelope.MediaType},
			Bytes:     envelope.Raw,
		}
		if change != nil {
			change(&p)
		}
		p.Blob.Digest, p.Blob.Size = digest.FromBytes(p.Bytes), int64(len(p.Bytes)) // as the forger would
		return rig.Must(json.Marshal(p))(t)
	}
	larger, index := target, target
	larger.Size++
	index.MediaType = ocispec.MediaTypeImageIndex
	all := map[string][]byte{
		"junk":            []byte("junk"),
		"nothing":         {},
		"null":            []byte("null"),
		"an empty object": []byte("{}"),
		"a negative size": []byte(`{"manifest":{"digest":"` + string(target.Digest) + `","size":-1},"signature":{"digest":"` + string(target.Digest) + `","size":-1},"blob":{"digest":"` + string(digest.FromString("")) + `","size":0}}`),
		"no envelope":     piece(w.signer, target, ca.SignOptions{}, func(p *evidence.Record) { p.Bytes = nil }),
		"no types": piece(stranger.signer, target, ca.SignOptions{}, func(p *evidence.Record) {
			p.Manifest.MediaType, p.Signature.MediaType, p.Blob.MediaType = "", "", ""
		}),
		"a type that is none": piece(stranger.signer, target, ca.SignOptions{}, func(p *evidence.Record) { p.Blob.MediaType = "text/plain" }),
		"a claim to be trusted": piece(stranger.signer, target, ca.SignOptions{}, func(p *evidence.Record) {
			p.Signature.Annotations = map[string]string{thumbprints: `["` + ca.Thumbprint(w.root.Cert) + `"]`}
		}),
	}
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		how := ca.SignOptions{MediaType: mediaType}
		lapsed := expired()
		lapsed.MediaType = mediaType
		all["a stranger's "+mediaType] = piece(stranger.signer, target, how, nil)
		all["another image's "+mediaType] = piece(w.signer, other(), how, nil)
		all["another image's, as it is "+mediaType] = piece(w.signer, other(), how, func(p *evidence.Record) { p.Manifest = other() })
		all["another image's, with this digest "+mediaType] = piece(w.signer, other(), how, func(p *evidence.Record) { p.Manifest = other(); p.Manifest.Digest = target.Digest })
		all["another size's "+mediaType] = piece(w.signer, larger, how, nil)
		all["another type's "+mediaType] = piece(w.signer, index, how, nil)
		all["expired "+mediaType] = piece(w.signer, target, lapsed, nil)
		all["the other format's "+mediaType] = piece(stranger.signer, target, how, func(p *evidence.Record) {
			p.Blob.MediaType = map[string]string{ca.JWS: ca.COSE, ca.COSE: ca.JWS}[mediaType]
		})
		all["another payload "+mediaType] = piece(w.signer, other(), how, func(p *evidence.Record) {
			p.Bytes = otherPayload(t, mediaType, p.Bytes)
		})
	}
	return all
}

// otherPayload makes an envelope of another image speak of this one, by name.
func otherPayload(t testing.TB, mediaType string, envelope []byte) []byte {
	t.Helper()
	payload := func(of ocispec.Descriptor) string {
		text := rig.Must(json.Marshal(map[string]ocispec.Descriptor{"targetArtifact": of}))(t)
		if mediaType == ca.JWS { // whose claims are sorted by name
			var claims map[string]any
			if err := json.Unmarshal(text, &claims); err != nil {
				t.Fatal(err)
			}
			text = rig.Must(json.Marshal(claims))(t)
		}
		return string(text)
	}
	from, to := payload(other()), payload(target)
	if mediaType == ca.JWS {
		from, to = base64.RawURLEncoding.EncodeToString([]byte(from)), base64.RawURLEncoding.EncodeToString([]byte(to))
	}
	if !bytes.Contains(envelope, []byte(from)) {
		t.Fatalf("%s: no payload %s in %q", mediaType, from, envelope)
	}
	return bytes.Replace(envelope, []byte(from), []byte(to), 1)
}

// lies lets the store say something of the image, which is unsigned, and fails unless the registry has the last word.
func (w *archive) lies(t *testing.T, what string, entry []byte) {
	t.Helper()
	w.store.forged = entry
	for _, desc := range []ocispec.Descriptor{{Digest: target.Digest}, target} {
		w.line.cut(nil)
		w.line.count()
		verdict, err := w.known(t.Context(), t, desc)
		if err != nil || verdict.Reason != provider.Unsigned || w.line.count() == 0 {
			t.Errorf("%s: %q (%s), %v, want what the registry says", what, verdict.Reason, verdict.Detail, err)
		}
		w.line.cut(isDown)
		verdict, err = w.known(t.Context(), t, desc)
		if err == nil || verdict.Good() || provider.AsUndecided(err).Cause != provider.CauseRegistry {
			t.Errorf("%s: %q (%s), %v, want ignorance: the registry is down", what, verdict.Reason, verdict.Detail, err)
		}
	}
	if kept := w.store.len(); kept > 0 {
		t.Errorf("%s: %d entries are kept", what, kept)
	}
}

func TestAStoreThatLiesMakesNoImageVerified(t *testing.T) {
	w := strict(t, revocable{})
	for what, entry := range forgeries(t, w) {
		w.lies(t, what, entry)
	}
}

// Evidence of an image that is signed proves nothing of another, and hides nothing that the registry has.
func TestAStoreThatLiesHidesNoGoodSignature(t *testing.T) {
	w := strict(t, revocable{})
	w.sign(t, target)
	for what, entry := range forgeries(t, w) {
		w.store.forged = entry
		w.line.count()
		verdict, err := verifyNew(t.Context(), t, w.Verifier)
		if is(t, provider.Verified, verdict, err); w.line.count() == 0 {
			t.Errorf("%s: verified without asking the registry", what)
		}
	}
}

// A tag told the size and the type of the manifest: a store that says otherwise is not believed, though somebody who is
// trusted once signed the same digest with those.
func TestWhatATagToldOutweighsWhatAStoreSays(t *testing.T) {
	w := strict(t, revocable{})
	for _, change := range []func(*ocispec.Descriptor){
		func(d *ocispec.Descriptor) { d.Size++ },
		func(d *ocispec.Descriptor) { d.MediaType = ocispec.MediaTypeImageIndex },
	} {
		said := target
		change(&said)
		envelope := sign(t, w.signer, said, ca.SignOptions{})
		w.store.forged = rig.Must(json.Marshal(evidence.Record{
			Manifest:  said,
			Signature: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("signature"), Size: 700},
			Blob:      ocispec.Descriptor{MediaType: envelope.MediaType, Digest: digest.FromBytes(envelope.Raw), Size: int64(len(envelope.Raw))},
			Bytes:     envelope.Raw,
		}))(t)
		w.line.count()
		verdict, err := w.known(t.Context(), t, target)
		if is(t, provider.Unsigned, verdict, err); w.line.count() == 0 {
			t.Error("the registry was not asked")
		}
	}
}

func FuzzAStoreThatLiesMakesNoImageVerified(f *testing.F) {
	w := strict(f, revocable{})
	for _, entry := range forgeries(f, w) {
		f.Add(entry)
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		if entry == nil {
			entry = []byte{}
		}
		w.lies(t, "fuzzed", entry)
	})
}

func TestEvidenceServesManyAtOnce(t *testing.T) {
	w := strict(t, revocable{crl: true})
	w.sign(t, target)
	var asking sync.WaitGroup
	for range 16 {
		asking.Go(func() {
			for range 4 {
				verdict, err := verifyNew(t.Context(), t, w.Verifier)
				is(t, provider.Verified, verdict, err)
			}
		})
	}
	asking.Wait()
	w.is(t, provider.Verified, false)
}
