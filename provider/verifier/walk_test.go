package verifier_test

import (
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const thumbprints = "io.cncf.notary.x509chain.thumbprint#S256"

func TestSignaturesOfTrustedChainsAreLookedAtFirst(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	s := newShelf()
	says := func(annotation string) digest.Digest {
		envelope := sign(t, stranger.signer, target, ca.SignOptions{})
		return s.put(blob{raw: envelope.Raw, mediaType: envelope.MediaType}, map[string]string{thumbprints: annotation})
	}
	root := ca.Thumbprint(r.root.Cert)
	strangers := s.sign(t, stranger.signer, ca.SignOptions{})
	nothing := s.put(blob{raw: []byte("junk"), mediaType: ca.JWS}, nil)
	noList := says(`{"` + root + `":1}`)
	tooLong := says(`["` + root + `"` + strings.Repeat(" ", 5000) + `]`)
	upper := says(`["` + strings.ToUpper(root) + `"]`) // not as notation writes it
	liar := says(`["x","` + root + `"]`)
	good := s.sign(t, r.signer, ca.SignOptions{})
	before := slices.Clone(s.list)

	// The good one is within a limit of two only because of the order: first liar and good, in the order they are listed.
	v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, limit: 2}.open(t)
	verdict, err := verifyNew(t.Context(), t, v)
	is(t, provider.Verified, verdict, err)
	if want := []digest.Digest{liar, good}; !slices.Equal(s.fetched, want) {
		t.Errorf("looked at %v, want %v", s.fetched, want)
	}
	if len(verdict.Signatures) != 2 || verdict.Signatures[0].Reason != provider.Untrusted || verdict.Signatures[1].Reason != provider.Verified {
		t.Errorf("%+v", verdict.Signatures)
	}
	if !slices.EqualFunc(s.list, before, func(a, b ocispec.Descriptor) bool { return a.Digest == b.Digest }) {
		t.Error("the repository's own list was reordered")
	}

	s.held[good], s.fetched = blob{raw: []byte("junk"), mediaType: ca.JWS}, nil
	verdict, err = verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t))
	is(t, provider.Untrusted, verdict, err)
	if want := []digest.Digest{liar, good, nothing, noList, tooLong, strangers, upper}; !slices.Equal(s.fetched, want) {
		t.Errorf("looked at %v, want %v", s.fetched, want)
	}
}

// kind is what one signature may be like.
type kind struct {
	name string
	blob blob
	// One of the two says what it comes to.
	reason provider.Reason
	cause  provider.Cause
}

func kinds(t *testing.T, r, stranger *realm) []kind {
	t.Helper()
	made := func(by *ca.Identity, what ocispec.Descriptor, opts ca.SignOptions) blob {
		envelope := sign(t, by, what, opts)
		return blob{raw: envelope.Raw, mediaType: envelope.MediaType}
	}
	critical := ca.SignOptions{MediaType: ca.COSE, Attributes: []signature.Attribute{{Key: "org.example", Critical: true, Value: "x"}}}
	return []kind{
		{"good", made(r.signer, target, ca.SignOptions{MediaType: ca.COSE}), provider.Verified, ""},
		{"critical", made(r.signer, target, critical), provider.Unsupported, ""},
		{"stranger's", made(stranger.signer, target, ca.SignOptions{}), provider.Untrusted, ""},
		{"expired", made(r.signer, target, expired()), provider.Expired, ""},
		{"junk", blob{raw: []byte("junk"), mediaType: ca.JWS}, provider.Tampered, ""},
		{"lost", blob{err: provider.ErrNotFound}, "", provider.CauseRegistry},
	}
}

// A recorder that notes wrongly, or an order that is not kept, would show in some combination of a few signatures.
func TestOnlyAGoodSignatureWithinTheLimitVerifies(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	all := kinds(t, r, stranger)
	const limit = 3
	s := newShelf()
	v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, limit: limit}.open(t)
	for chosen := range combinations(all, limit+1) {
		for _, more := range []bool{false, true} {
			if more && len(chosen) > 2 { // the bound is reached anyway
				continue
			}
			*s = *newShelf()
			s.more = more
			for _, k := range chosen {
				s.put(k.blob, nil)
			}
			reason, cause := expected(chosen[:min(len(chosen), limit)], more || len(chosen) > limit)
			verdict, err := verifyNew(t.Context(), t, v)
			if cause == "" {
				is(t, reason, verdict, err)
			} else {
				unknown(t, cause, verdict, err)
			}
			if t.Failed() {
				t.Fatalf("with %v, more %t", names(chosen), more)
			}
		}
	}
}

// combinations yields every list of up to so many kinds, with repetitions: in every order, but for the longest, where the
// good come last.
func combinations(all []kind, most int) func(yield func([]kind) bool) {
	return func(yield func([]kind) bool) {
		var extend func(chosen []kind) bool
		extend = func(chosen []kind) bool {
			if !yield(chosen) {
				return false
			}
			if len(chosen) == most {
				return true
			}
			for i, k := range all {
				if len(chosen) == most-1 && slices.ContainsFunc(all[:i], func(k kind) bool { return k.name == chosen[most-2].name }) {
					break
				}
				if !extend(append(slices.Clip(chosen), k)) {
					return false
				}
			}
			return true
		}
		extend(nil)
	}
}

// expected is the rule, said without a recorder.
func expected(seen []kind, more bool) (provider.Reason, provider.Cause) {
	for _, k := range seen {
		if k.reason == provider.Verified {
			return provider.Verified, ""
		}
	}
	for _, k := range seen {
		if k.cause != "" {
			return "", k.cause
		}
	}
	if more {
		return provider.TooManySignatures, ""
	}
	for _, furthest := range []provider.Reason{provider.Revoked, provider.Expired, provider.Untrusted, provider.Tampered, provider.Unsupported} {
		if slices.ContainsFunc(seen, func(k kind) bool { return k.reason == furthest }) {
			return furthest, ""
		}
	}
	return provider.Unsigned, ""
}

func names(chosen []kind) (list []string) {
	for _, k := range chosen {
		list = append(list, k.name)
	}
	return list
}

func TestWhatTheRepositorySaysIsNamedForWhatItIs(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	limited := provider.Undecided(provider.CauseCredentials, errors.New("https://10.1.2.3/token"), "the registry refuses access")
	for _, c := range []struct {
		name   string
		change func(*shelf)
		reason provider.Reason
		cause  provider.Cause
	}{
		{"no image", func(s *shelf) { s.resolveErr = fmt.Errorf("at 10.1.2.3: %w", provider.ErrNotFound) }, provider.NotFound, ""},
		{"resolving fails", func(s *shelf) { s.resolveErr = limited }, "", provider.CauseCredentials},
		{"resolving is broken", func(s *shelf) { s.resolveErr = errors.New("https://10.1.2.3") }, "", provider.CauseInternal},
		{"another digest", func(s *shelf) { s.desc.Digest = digest.FromString("another") }, "", provider.CauseRegistry},
		{"no descriptor", func(s *shelf) { s.desc = ocispec.Descriptor{} }, "", provider.CauseRegistry},
		{"listing fails", func(s *shelf) { s.listErr = limited }, "", provider.CauseCredentials},
		{"listing and a list", func(s *shelf) { s.listErr = limited; s.sign(t, r.signer, ca.SignOptions{}) }, "", provider.CauseCredentials},
		{"none", func(*shelf) {}, provider.Unsigned, ""},
		{"none, but more", func(s *shelf) { s.more = true }, provider.TooManySignatures, ""},
		{"an envelope fails", func(s *shelf) { s.put(blob{err: limited}, nil) }, "", provider.CauseCredentials},
		{"no envelope", func(s *shelf) { s.put(blob{err: fmt.Errorf("%w: two layers", provider.ErrNoEnvelope)}, nil) }, provider.Tampered, ""},
		{"no envelope's type", func(s *shelf) { s.put(blob{raw: []byte("{}"), mediaType: "text/plain"}, nil) }, provider.Unsupported, ""},
		{"an empty envelope", func(s *shelf) { s.put(blob{mediaType: ca.JWS}, nil) }, provider.Tampered, ""},
		{"an empty COSE", func(s *shelf) { s.put(blob{mediaType: ca.COSE}, nil) }, provider.Tampered, ""},
		{"null", func(s *shelf) { s.put(blob{raw: []byte("null"), mediaType: ca.JWS}, nil) }, provider.Tampered, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShelf()
			c.change(s)
			verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t))
			if c.cause == "" {
				is(t, c.reason, verdict, err)
			} else if got := provider.AsUndecided(err); err == nil || got.Cause != c.cause {
				t.Errorf("%q, %v, want ignorance at %s", verdict.Reason, err, c.cause)
			}
		})
	}
}

func TestASignatureSpeaksOfOneDescriptorInEveryPart(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	for _, tc := range []struct {
		name   string
		change func(*ocispec.Descriptor)
	}{
		{"digest", func(d *ocispec.Descriptor) { d.Digest = digest.FromString("another") }},
		{"size", func(d *ocispec.Descriptor) { d.Size++ }},
		{"media type", func(d *ocispec.Descriptor) { d.MediaType = ocispec.MediaTypeImageIndex }},
	} {
		for _, mediaType := range []string{ca.JWS, ca.COSE} {
			s, other := newShelf(), target
			tc.change(&other)
			envelope := sign(t, r.signer, other, ca.SignOptions{MediaType: mediaType})
			s.put(blob{raw: envelope.Raw, mediaType: envelope.MediaType}, envelope.Annotations)
			verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t))
			is(t, provider.Tampered, verdict, err)
			if !strings.Contains(verdict.Detail, provider.DetailOtherImage) {
				t.Errorf("%s: %s", tc.name, verdict.Detail)
			}
		}
	}
}

func TestWhatTheWalkKnowsOfTheImageIsNotAskedAgain(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	s := newShelf()
	s.resolveErr = provider.ErrNotFound
	s.sign(t, r.signer, ca.SignOptions{})
	policy, _ := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t).Snapshot().Verifier(image)
	verdict, err := policy.Verify(t.Context(), image, target)
	is(t, provider.Verified, verdict, err)
	// What is known is bound to the digest that is asked about, in all evidence.
	other := target
	other.Digest = digest.FromString("another")
	if verdict, err := policy.Verify(t.Context(), image, other); err == nil || verdict.Good() {
		t.Errorf("%+v, %v", verdict, err)
	}
}

func TestAnUntrustedSignerIsToldWhatIsMissing(t *testing.T) {
	r, stranger := newAuthority().newRealm(t, revocable{}), newAuthority().newRealm(t, revocable{})
	for _, c := range []struct {
		name string
		by   *ca.Identity
		opts ca.SignOptions
		says string
	}{
		{"a stranger of the same name", stranger.signer, ca.SignOptions{}, provider.DetailUnknownCA},
		{"a scheme without a store", r.signer, ca.SignOptions{Scheme: signature.SigningSchemeX509SigningAuthority}, provider.DetailUnknownCA},
		{"another identity", r.signer, ca.SignOptions{}, provider.DetailUnknownName},
	} {
		t.Run(c.name, func(t *testing.T) {
			trust := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
			trust.Policies[0].TrustedIdentities = []string{"x509.subject:C=GB,ST=England,O=SKAO,CN=somebody else"}
			s := newShelf()
			s.sign(t, c.by, c.opts)
			verdict, err := verifyNew(t.Context(), t, setup{trust: trust, shelf: s}.open(t))
			is(t, provider.Untrusted, verdict, err)
			if signer := c.by.Cert.Subject.String(); !strings.Contains(verdict.Detail, c.says) || !strings.Contains(verdict.Detail, signer) || verdict.Signer != signer {
				t.Errorf("%q by %q, want %q", verdict.Detail, verdict.Signer, c.says)
			}
		})
	}
}

// A stranger writes the subject of their own certificate, and may push a signature by it wherever they may push.
func TestANameThatAnyoneMayWriteIsShownShortAndPlain(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	strange := ca.Options{Subject: pkix.Name{
		Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"},
		CommonName: "\x1b[2J\nverified: true \u202e" + strings.Repeat("\x01", 1500),
	}}
	stranger := rig.Must(rig.Must(ca.NewRoot(ca.Options{}))(t).Signer(strange))(t)
	strange.NotBefore, strange.NotAfter = time.Now().Add(-3*time.Minute), time.Now().Add(-time.Minute)
	lapsed := rig.Must(r.root.Signer(strange))(t)
	for _, opts := range []struct {
		reason provider.Reason
		by     *ca.Identity
		ca.SignOptions
	}{
		{reason: provider.Untrusted, by: stranger},
		{provider.Expired, lapsed, ca.SignOptions{SigningTime: time.Now().Add(-2 * time.Minute)}},
	} {
		s := newShelf()
		s.sign(t, opts.by, opts.SignOptions)
		verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t))
		is(t, opts.reason, verdict, err)
		texts := []string{verdict.Detail, verdict.Signer, verdict.Signatures[0].Detail, verdict.Signatures[0].Signer}
		for _, check := range verdict.Signatures[0].Checks {
			texts = append(texts, check.Problem)
		}
		for _, text := range texts {
			if len(text) > 1000 || strings.ContainsAny(text, "\x01\x1b\n\u202e") {
				t.Errorf("%s: %d bytes: %.200q", opts.reason, len(text), text)
			}
		}
	}
}

func TestOneVerifierServesManyAtOnce(t *testing.T) {
	a := newAuthority()
	r := a.newRealm(t, revocable{crl: true, ocsp: true})
	s := newShelf()
	s.put(blob{raw: []byte("junk"), mediaType: ca.JWS}, nil)
	s.sign(t, r.signer, ca.SignOptions{})
	v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t)
	var asking sync.WaitGroup
	for range 16 {
		asking.Go(func() {
			verdict, err := verifyNew(t.Context(), t, v)
			is(t, provider.Verified, verdict, err)
		})
	}
	asking.Wait()
}
