package verifier_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// expired is how a signature is made that has lapsed since.
func expired() ca.SignOptions {
	return ca.SignOptions{MediaType: ca.COSE, SigningTime: time.Now().Add(-2 * time.Minute), Expiry: time.Now().Add(-time.Minute)}
}

// stamps is a timestamp authority of its own PKI.
type stamps struct {
	*rig.TSA

	ledger *rig.RevocationServer
}

func (a *authority) newTSA(t *testing.T, how revocable) stamps {
	t.Helper()
	root := rig.Must(ca.NewRoot(ca.Options{}))(t)
	s := stamps{ledger: rig.NewRevocationServer(root)}
	s.TSA = rig.Must(rig.NewTSA(root, options(how, a.publish(s.ledger))))(t)
	return s
}

// by is how to have a signature stamped, at a time of its own.
func (s stamps) by(at time.Time) ca.SignOptions {
	return ca.SignOptions{Timestamper: s.At(at), TSARoots: ca.Pool(s.Root())}
}

// stamped lets a trust believe in timestamps.
func stamped(trust rig.Trust, s stamps, when trustpolicy.TimestampOption) rig.Trust {
	trust.Add("tsa:stamps", s.Root())
	for i := range trust.Policies {
		trust.Policies[i].SignatureVerification.VerifyTimestamp = when
	}
	return trust
}

func override(check trustpolicy.ValidationType, action trustpolicy.ValidationAction) trustpolicy.SignatureVerification {
	return trustpolicy.SignatureVerification{Override: map[trustpolicy.ValidationType]trustpolicy.ValidationAction{check: action}}
}

var permissive = trustpolicy.SignatureVerification{VerificationLevel: "permissive"}

// lapsing is the PKI of a signer that lasts six hours.
func (a *authority) lapsing(t *testing.T, how revocable) *realm {
	t.Helper()
	r := a.newRealm(t, how)
	r.signerOptions.NotAfter = time.Now().Add(6 * time.Hour)
	r.signer = rig.Must(r.intermediate.Signer(r.signerOptions))(t)
	return r
}

const never time.Duration = 0

// A verdict holds until the first fact lapses that the policy enforces.
func TestUntilIsTheFirstEnforcedEnd(t *testing.T) {
	hour := time.Hour
	for _, c := range []struct {
		name   string
		how    revocable
		level  trustpolicy.SignatureVerification
		sign   func(stamps) ca.SignOptions
		stamps trustpolicy.TimestampOption // where there is a tsa store
		tsa    revocable
		change func(*realm, stamps)
		until  time.Duration // from the start
		by     provider.LapseBy
	}{
		{name: "the chain's end", until: 6 * hour, by: provider.LapseSigner},
		{name: "the signature's expiry", sign: func(stamps) ca.SignOptions { return ca.SignOptions{Expiry: time.Now().Add(3 * hour)} }, until: 3 * hour, by: provider.LapseSignature},
		{name: "a late expiry", sign: func(stamps) ca.SignOptions { return ca.SignOptions{Expiry: time.Now().Add(9 * hour)} }, until: 6 * hour, by: provider.LapseSigner},
		{
			name:  "an expiry that is logged",
			level: override(trustpolicy.TypeExpiry, trustpolicy.ActionLog),
			sign:  func(stamps) ca.SignOptions { return ca.SignOptions{Expiry: time.Now().Add(3 * hour)} }, until: 6 * hour, by: provider.LapseSigner,
		},
		{name: "a chain's end that is logged", level: override(trustpolicy.TypeAuthenticTimestamp, trustpolicy.ActionLog), until: never},
		{name: "permissive", level: permissive, how: revocable{crl: true}, sign: func(stamps) ca.SignOptions { return ca.SignOptions{Expiry: time.Now().Add(hour)} }, until: never},
		{name: "a timestamp", stamps: trustpolicy.OptionAlways, sign: func(s stamps) ca.SignOptions { return s.by(time.Now()) }, until: never},
		{
			name:   "a timestamp that is not looked at",
			stamps: trustpolicy.OptionAfterCertExpiry, sign: func(s stamps) ca.SignOptions { return s.by(time.Now()) }, until: 6 * hour, by: provider.LapseSigner,
		},
		{
			name:   "a timestamp of which a CRL is",
			stamps: trustpolicy.OptionAlways, tsa: revocable{crl: true}, sign: func(s stamps) ca.SignOptions { return s.by(time.Now()) },
			change: func(_ *realm, s stamps) { s.ledger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 2 * hour, by: provider.LapseTimestampRevocation,
		},
		{
			name:   "the signer's CRL",
			how:    revocable{crl: true},
			change: func(r *realm, _ stamps) { r.signerLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 2 * hour, by: provider.LapseRevocation,
		},
		{
			name:   "the intermediate's CRL",
			how:    revocable{crl: true},
			change: func(r *realm, _ stamps) { r.rootLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 2 * hour, by: provider.LapseRevocation,
		},
		{
			name:   "the signer's OCSP",
			how:    revocable{ocsp: true},
			change: func(r *realm, _ stamps) { r.signerLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 2 * hour, by: provider.LapseRevocation,
		},
		{
			name:   "the intermediate's OCSP",
			how:    revocable{ocsp: true},
			change: func(r *realm, _ stamps) { r.rootLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 2 * hour, by: provider.LapseRevocation,
		},
		{
			name: "CRLs that hold for longer",
			how:  revocable{crl: true},
			change: func(r *realm, _ stamps) {
				r.signerLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(20*hour))
				r.rootLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(20*hour))
			},
			until: 6 * hour, by: provider.LapseSigner,
		},
		{
			name: "revocation that is logged",
			how:  revocable{ocsp: true}, level: override(trustpolicy.TypeRevocation, trustpolicy.ActionLog),
			change: func(r *realm, _ stamps) { r.signerLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 6 * hour, by: provider.LapseSigner,
		},
		{
			name: "revocation that is skipped",
			how:  revocable{crl: true}, level: override(trustpolicy.TypeRevocation, trustpolicy.ActionSkip),
			change: func(r *realm, _ stamps) { r.signerLedger.SetValidity(time.Now().Add(-hour), time.Now().Add(2*hour)) }, until: 6 * hour, by: provider.LapseSigner,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, a := time.Now(), newAuthority()
				r, tsa := a.lapsing(t, c.how), a.newTSA(t, c.tsa)
				trust := trusting(r.root.Cert, c.level)
				if c.stamps != "" {
					trust = stamped(trust, tsa, c.stamps)
				}
				if c.change != nil {
					c.change(r, tsa)
				}
				s, opts := newShelf(), ca.SignOptions{}
				if c.sign != nil {
					opts = c.sign(tsa)
				}
				s.sign(t, r.signer, opts)
				v := setup{trust: trust, shelf: s, authority: a}.open(t)
				for range 2 { // what is remembered of CRLs and OCSP bounds as it did
					verdict, err := verifyNew(t.Context(), t, v)
					is(t, provider.Verified, verdict, err)
					want := began.Add(c.until)
					if c.until == never {
						want = time.Time{}
					}
					if !verdict.Until.Equal(want) {
						t.Errorf("until %s, want %s", verdict.Until, want)
					}
					if got := append(verdict.Lapses, provider.Lapse{})[0]; got.By != c.by || !got.At.Equal(want) {
						t.Errorf("%s lapses first, at %s; want %s", got.By, got.At, c.by)
					}
				}
			})
		})
	}
}

// A verdict names each end, the first before the others, and a certificate's by its place in the chain.
func TestLapsesNameEveryEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		r := a.lapsing(t, revocable{crl: true})
		r.signerLedger.SetValidity(time.Now().Add(-time.Hour), time.Now().Add(2*time.Hour))
		s := newShelf()
		s.sign(t, r.signer, ca.SignOptions{Expiry: time.Now().Add(3 * time.Hour)})
		verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t))
		is(t, provider.Verified, verdict, err)
		var got []provider.LapseBy
		for _, lapse := range verdict.Lapses {
			got = append(got, lapse.By)
		}
		want := []provider.LapseBy{provider.LapseRevocation, provider.LapseSignature, provider.LapseSigner, provider.LapseIntermediate, provider.LapseRoot}
		if !slices.Equal(got, want) {
			t.Errorf("it ends by %q, want %q", got, want)
		}
	})
}

// CAs are asked again when the first answer is too old, about the signer's chain or that of the timestamp authority.
func TestRecheckIsForEachChainThatWasAsked(t *testing.T) {
	for _, c := range []struct {
		name        string
		signer, tsa revocable
		want        time.Duration // from the start; the timestamp authority is asked after 7 hours
	}{
		{"neither", revocable{}, revocable{}, never},
		{"the signer", revocable{crl: true}, revocable{}, 12 * time.Hour},
		{"the timestamp authority", revocable{}, revocable{crl: true}, 19 * time.Hour},
		{"both", revocable{crl: true}, revocable{crl: true}, 12 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, a := time.Now(), newAuthority()
				r, tsa := a.lapsing(t, c.signer), a.newTSA(t, c.tsa)
				for _, ledger := range []*rig.RevocationServer{r.rootLedger, r.signerLedger, tsa.ledger} {
					ledger.SetValidity(began.Add(-time.Hour), began.Add(40*time.Hour))
				}
				s := newShelf()
				s.sign(t, r.signer, tsa.by(began))
				trust := stamped(trusting(r.root.Cert, trustpolicy.SignatureVerification{}), tsa, trustpolicy.OptionAfterCertExpiry)
				v := setup{trust: trust, shelf: s, authority: a, age: 12 * time.Hour}.open(t)
				_, _ = verifyNew(t.Context(), t, v)
				time.Sleep(7 * time.Hour)
				verdict, err := verifyNew(t.Context(), t, v)
				is(t, provider.Verified, verdict, err)
				want := began.Add(c.want)
				if c.want == never {
					want = time.Time{}
				}
				if !verdict.RecheckAt.Equal(want) {
					t.Errorf("checked again at %s, want %s", verdict.RecheckAt, want)
				}
			})
		})
	}
}

func TestASigningAuthoritysWordOutlivesItsChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		r := a.lapsing(t, revocable{})
		trust := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
		trust.Add("signingAuthority:skao", r.root.Cert)
		s := newShelf()
		s.sign(t, r.signer, ca.SignOptions{Scheme: signature.SigningSchemeX509SigningAuthority})
		signed, v := time.Now(), setup{trust: trust, shelf: s}.open(t)
		for range 2 {
			verdict, err := verifyNew(t.Context(), t, v)
			is(t, provider.Verified, verdict, err)
			if !verdict.Until.IsZero() || !verdict.SignedAt.Equal(signed) {
				t.Errorf("until %s, signed at %s", verdict.Until, verdict.SignedAt)
			}
			time.Sleep(7 * time.Hour)
		}
	})
}

// An answer that the library threw away says nothing of how long the verdict holds.
func TestAStaleOCSPAnswerBesideAGoodCRLBoundsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority()
		r := a.lapsing(t, revocable{crl: true, ocsp: true})
		stale := rig.NewRevocationServer(r.intermediate)
		stale.SetValidity(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
		a.serve(r.signerURLs[1], stale.OCSPHandler())
		s := newShelf()
		s.sign(t, r.signer, ca.SignOptions{})
		v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t)
		verdict, err := verifyNew(t.Context(), t, v)
		is(t, provider.Verified, verdict, err)
		if want := time.Now().Add(6 * time.Hour); !verdict.Until.Equal(want) {
			t.Errorf("until %s, want %s", verdict.Until, want)
		}
	})
}

// An image is signed when a verified timestamp says else when its signer says.
func TestSignedAtIsTheVerifiedTimestamp(t *testing.T) {
	for _, c := range []struct {
		name    string
		stamps  trustpolicy.TimestampOption
		stamped bool
		later   time.Duration
		want    time.Duration // before now
	}{
		{"claimed", "", false, 0, 2 * time.Minute},
		{"timestamped by an untrusted TSA", "", true, 0, 2 * time.Minute},
		{"stamped", trustpolicy.OptionAlways, true, 0, time.Minute},
		{"stamped, not looked at", trustpolicy.OptionAfterCertExpiry, true, 0, 2 * time.Minute},
		{"stamped, and the signer lapsed", trustpolicy.OptionAfterCertExpiry, true, 7 * time.Hour, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, a := time.Now(), newAuthority()
				r, tsa := a.lapsing(t, revocable{}), a.newTSA(t, revocable{})
				trust := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
				if c.stamps != "" {
					trust = stamped(trust, tsa, c.stamps)
				}
				var opts ca.SignOptions
				if c.stamped {
					opts = tsa.by(began.Add(-time.Minute))
				}
				opts.SigningTime = began.Add(-2 * time.Minute)
				s := newShelf()
				s.sign(t, r.signer, opts)
				time.Sleep(c.later)
				verdict, err := verifyNew(t.Context(), t, setup{trust: trust, shelf: s}.open(t))
				is(t, provider.Verified, verdict, err)
				if want := began.Add(-c.want); !verdict.SignedAt.Equal(want) {
					t.Errorf("signed at %s, want %s", verdict.SignedAt, want)
				}
			})
		})
	}
}

// What the policy only logs is a warning, in the words in which it would have been a refusal.
func TestALoggedCheckIsAWarning(t *testing.T) {
	for _, c := range []struct {
		name   string
		how    revocable
		level  trustpolicy.SignatureVerification
		sign   func(stamps) ca.SignOptions
		spoil  func(*authority, *realm)
		check  string
		reason provider.Reason
		cause  provider.Cause
		always bool
	}{
		{
			name:  "an expired signature",
			level: override(trustpolicy.TypeExpiry, trustpolicy.ActionLog),
			sign:  func(stamps) ca.SignOptions { return expired() }, check: "expiry", reason: provider.Expired,
		},
		{
			name:  "a lapsed certificate",
			level: override(trustpolicy.TypeAuthenticTimestamp, trustpolicy.ActionLog),
			spoil: func(*authority, *realm) { time.Sleep(7 * time.Hour) }, check: "authenticTimestamp", reason: provider.Expired,
		},
		{
			name:  "no timestamp",
			level: override(trustpolicy.TypeAuthenticTimestamp, trustpolicy.ActionLog), always: true,
			check: "authenticTimestamp", reason: provider.Untrusted,
		},
		{
			name: "a revoked signer",
			how:  revocable{crl: true}, level: override(trustpolicy.TypeRevocation, trustpolicy.ActionLog),
			spoil: func(_ *authority, r *realm) { r.signerLedger.Revoke(r.signer.Cert, time.Now(), 1) },
			check: "revocation", reason: provider.Revoked,
		},
		{
			name: "a revoked intermediate, by OCSP",
			how:  revocable{ocsp: true}, level: override(trustpolicy.TypeRevocation, trustpolicy.ActionLog),
			spoil: func(_ *authority, r *realm) { r.rootLedger.Revoke(r.intermediate.Cert, time.Now(), 2) },
			check: "revocation", reason: provider.Revoked,
		},
		{
			name: "unknown whether it is revoked",
			how:  revocable{crl: true, ocsp: true}, level: override(trustpolicy.TypeRevocation, trustpolicy.ActionLog),
			spoil: func(a *authority, _ *realm) { a.fail(down) }, check: "revocation", cause: provider.CauseRevocation,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority()
				r, tsa := a.lapsing(t, c.how), a.newTSA(t, revocable{})
				s, opts := newShelf(), ca.SignOptions{}
				if c.sign != nil {
					opts = c.sign(tsa)
				}
				s.sign(t, r.signer, opts)
				if c.spoil != nil {
					c.spoil(a, r)
				}
				at := func(level trustpolicy.SignatureVerification) (provider.Verdict, error) {
					trust := trusting(r.root.Cert, level)
					if c.always {
						trust = stamped(trust, tsa, trustpolicy.OptionAlways)
					}
					return verifyNew(t.Context(), t, setup{trust: trust, shelf: s, authority: a}.open(t))
				}
				strict, err := at(trustpolicy.SignatureVerification{})
				detail := strict.Detail
				if c.cause == "" {
					is(t, c.reason, strict, err)
				} else {
					unknown(t, c.cause, strict, err)
					detail = provider.AsUndecided(err).Detail
				}
				for _, level := range []trustpolicy.SignatureVerification{c.level, permissive} {
					logged, err := at(level)
					is(t, provider.Verified, logged, err)
					if want := []string{c.check + ": " + detail}; !slices.Equal(logged.Warnings, want) {
						t.Errorf("warned of %q, want %q", logged.Warnings, want)
					}
				}
			})
		})
	}
}

// The first of two ends counts, and one that is not known bounds nothing.
func TestTheEarlierOfTwoTimes(t *testing.T) {
	now := time.Now()
	later := now.Add(time.Hour)
	for _, c := range []struct{ a, b, want time.Time }{
		{now, later, now}, {later, now, now}, {now, time.Time{}, now}, {time.Time{}, now, now}, {},
	} {
		if got := verifier.Earlier(c.a, c.b); !got.Equal(c.want) {
			t.Errorf("of %v and %v it is %v", c.a, c.b, got)
		}
	}
}

func TestATimestampIsAsGoodAsItsAuthority(t *testing.T) {
	for _, c := range []struct {
		name  string
		how   revocable
		other bool // whether the tsa store holds another authority
		spoil func(*authority, stamps)
		// What is said while the signer holds, where the policy always wants a timestamp; and what once it has lapsed.
		held, lapsed provider.Reason
		cause        provider.Cause
	}{
		{name: "good", held: provider.Verified, lapsed: provider.Verified},
		{name: "CRL", how: revocable{crl: true}, held: provider.Verified, lapsed: provider.Verified},
		{name: "OCSP", how: revocable{ocsp: true}, held: provider.Verified, lapsed: provider.Verified},
		{name: "another", other: true, held: provider.Untrusted, lapsed: provider.Expired},
		{
			name: "revoked",
			how:  revocable{crl: true}, spoil: func(_ *authority, s stamps) { s.ledger.Revoke(s.Cert, time.Now(), 1) },
			held: provider.Revoked, lapsed: provider.Revoked,
		},
		{
			name: "revoked, by OCSP",
			how:  revocable{ocsp: true}, spoil: func(_ *authority, s stamps) { s.ledger.Revoke(s.Cert, time.Now(), 1) },
			held: provider.Revoked, lapsed: provider.Revoked,
		},
		{name: "disowned", how: revocable{ocsp: true}, spoil: func(_ *authority, s stamps) { s.ledger.Disown(s.Cert) }, cause: provider.CauseRevocation},
		{name: "silent", how: revocable{crl: true}, spoil: func(a *authority, _ stamps) { a.fail(down) }, cause: provider.CauseRevocation},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority()
				r, tsa := a.lapsing(t, revocable{}), a.newTSA(t, c.how)
				s := newShelf()
				s.sign(t, r.signer, tsa.by(time.Now()))
				if c.spoil != nil {
					c.spoil(a, tsa)
				}
				trusted := tsa
				if c.other {
					trusted = a.newTSA(t, revocable{})
				}
				ask := func(when trustpolicy.TimestampOption, want provider.Reason) {
					trust := stamped(trusting(r.root.Cert, trustpolicy.SignatureVerification{}), trusted, when)
					verdict, err := verifyNew(t.Context(), t, setup{trust: trust, shelf: s, authority: a}.open(t))
					if c.cause != "" {
						unknown(t, c.cause, verdict, err)
						return
					}
					is(t, want, verdict, err)
				}
				ask(trustpolicy.OptionAlways, c.held)
				time.Sleep(7 * time.Hour)
				ask(trustpolicy.OptionAfterCertExpiry, c.lapsed)
			})
		})
	}
}

func TestACertificateThatIsNotYetValidIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAuthority().newRealm(t, revocable{})
		soon := rig.Must(r.intermediate.Signer(ca.Options{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}))(t)
		s := newShelf()
		s.sign(t, soon, ca.SignOptions{SigningTime: time.Now().Add(90 * time.Minute)})
		v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t)
		verdict, err := verifyNew(t.Context(), t, v)
		is(t, provider.Expired, verdict, err)
		time.Sleep(61 * time.Minute)
		verdict, err = verifyNew(t.Context(), t, v)
		is(t, provider.Verified, verdict, err)
	})
}
