package verifier_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
)

// edited is an envelope after edits of five bytes each: what to do, where, and with which byte.
func edited(envelope, edits []byte) []byte {
	envelope = slices.Clone(envelope)
	for ; len(edits) >= 5 && len(envelope) > 0; edits = edits[5:] {
		at, value := int(binary.BigEndian.Uint32(edits)&0xffffff)%len(envelope), edits[4]
		switch edits[0] % 4 {
		case 0:
			envelope[at] ^= value
		case 1:
			envelope = slices.Insert(envelope, at, value)
		case 2:
			envelope = slices.Delete(envelope, at, at+1)
		case 3:
			envelope = append(envelope, value)
		}
	}
	return envelope
}

func edit(what byte, at int, value byte) []byte {
	e := binary.BigEndian.AppendUint32(nil, uint32(at))
	e[0] = what
	return append(e, value)
}

// signed is what a signature vouches for: payload, signed attributes, chain and the signature's own bytes. What no
// signature covers is left out: the software that signed, and the timestamp, which proves itself.
func signed(mediaType string, envelope []byte) (*signature.EnvelopeContent, error) {
	parsed, err := signature.ParseEnvelope(mediaType, envelope)
	if err != nil {
		return nil, err
	}
	content, err := parsed.Verify()
	if err != nil {
		return nil, err
	}
	content.SignerInfo.UnsignedAttributes = signature.UnsignedAttributes{}
	return content, nil
}

// envelopes are a good signature in each format, by its media type, and a verifier of what lies on the shelf.
func envelopes(t testing.TB) (map[string][]byte, *shelf, *verifier.Verifier) {
	t.Helper()
	r := newAuthority().newRealm(t, revocable{})
	s := newShelf()
	made := map[string][]byte{}
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		made[mediaType] = sign(t, r.signer, target, ca.SignOptions{MediaType: mediaType}).Raw
	}
	return made, s, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t)
}

// acquire puts an envelope on the shelf and fails if it is verified though it does not say what the original says.
func hold(t testing.TB, s *shelf, v *verifier.Verifier, mediaType string, original, envelope []byte) (verified bool) {
	t.Helper()
	s.list, s.fetched = nil, nil
	s.put(blob{raw: envelope, mediaType: mediaType}, nil)
	verdict, err := verifyNew(t.Context(), t, v)
	if err != nil {
		t.Fatalf("an envelope that is there leaves nothing undecided: %v", err)
	}
	if !verdict.Good() {
		if bytes.Equal(envelope, original) {
			t.Errorf("the original is %s: %s", verdict.Reason, verdict.Detail)
		}
		return false
	}
	want, err := signed(mediaType, original)
	if err != nil {
		t.Fatal(err)
	}
	got, err := signed(mediaType, envelope)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("verified, though it says something else (%v):\n%+v\nnot\n%+v", err, got, want)
	}
	return true
}

// Bytes may change and the signature still be that signature: white space around and between the parts of a JWS, the
// case of its keys, which Go reads either way, keys that are not read, the agent in the unsigned header of either
// format, the spare bits at the end of base64, and the forms that CBOR has for one length. So a verdict is held against what the envelope says, and not against its bytes: verified is
// only what parses to the payload, the signed attributes, the chain and the signature of the original.
func FuzzAFlippedBitIsNeverVerified(f *testing.F) {
	made, s, v := envelopes(f)
	for _, cose := range []bool{false, true} {
		f.Add(cose, []byte{})
		for what := range byte(4) {
			for at := 0; at < 3000; at += 500 {
				f.Add(cose, edit(what, at, 0x20))
			}
		}
		f.Add(cose, slices.Concat(edit(3, 0, ' '), edit(3, 0, '\n')))
		f.Add(cose, slices.Concat(edit(2, 0, 0), edit(2, 0, 0)))
	}
	f.Fuzz(func(t *testing.T, cose bool, edits []byte) {
		mediaType := map[bool]string{false: ca.JWS, true: ca.COSE}[cose]
		hold(t, s, v, mediaType, made[mediaType], edited(made[mediaType], edits[:min(len(edits), 50)]))
	})
}

// An envelope with a byte flipped inserted or lost is refused or says the same.
func TestAMutatedEnvelopeIsRefusedOrEqual(t *testing.T) {
	made, s, v := envelopes(t)
	for mediaType, original := range made {
		verified, all := 0, 0
		step := max(1, len(original)/150)
		for at := 0; at < len(original); at += step {
			for _, e := range [][]byte{edit(0, at, 1), edit(0, at, 0x20), edit(1, at, 0), edit(2, at, 0)} {
				if all++; hold(t, s, v, mediaType, original, edited(original, e)) {
					verified++
				}
			}
		}
		if !hold(t, s, v, mediaType, original, original) || verified*10 > all {
			t.Errorf("%s: %d of %d edits are verified", mediaType, verified, all)
		}
	}
}

// Parts of an envelope that are not signed may change, and no others.
func TestOnlyUnsignedPartsMayChange(t *testing.T) {
	made, s, v := envelopes(t)
	jws, cose := made[ca.JWS], made[ca.COSE]
	replace := func(in []byte, old, with string) []byte {
		t.Helper()
		changed := bytes.Replace(in, []byte(old), []byte(with), 1)
		if bytes.Equal(changed, in) {
			t.Fatalf("there is no %q", old)
		}
		return changed
	}
	for _, c := range []struct {
		name      string
		mediaType string
		envelope  []byte
		verified  bool
	}{
		{"white space behind a JWS", ca.JWS, append(slices.Clone(jws), " \r\n\t"...), true},
		{"white space before a JWS", ca.JWS, append([]byte("\n"), jws...), true},
		{"another agent in a JWS", ca.JWS, replace(jws, "notation-provider-pki", "notation-provider-pkj"), true},
		{"another agent in a COSE", ca.COSE, replace(cose, "notation-provider-pki", "notation-provider-pkj"), true},
		{"capitals in a JWS's key", ca.JWS, replace(jws, `"payload"`, `"PAYLOAD"`), true},
		{"one more key in a JWS", ca.JWS, replace(jws, `{"payload"`, `{"more":1,"payload"`), true},
		{"something behind a JWS", ca.JWS, append(slices.Clone(jws), "{}"...), false},
		{"something behind a COSE", ca.COSE, append(slices.Clone(cose), 0), false},
		{"a payload before the payload", ca.JWS, replace(jws, `{"payload":"`, `{"payload":"e30","Payload":"`), true}, // the last counts
		{"a payload behind the payload", ca.JWS, replace(jws, `"protected"`, `"Payload":"e30","protected"`), false},
		{"a JWS taken for a COSE", ca.COSE, jws, false},
		{"a COSE taken for a JWS", ca.JWS, cose, false},
		{"a JWS without its tail", ca.JWS, jws[:len(jws)-1], false},
		{"a COSE without its tag", ca.COSE, cose[1:], false},
		{"an envelope within white room", ca.JWS, []byte("   "), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			original := made[c.mediaType]
			if got := hold(t, s, v, c.mediaType, original, c.envelope); got != c.verified {
				t.Errorf("verified %t: %+v", got, last(t, v))
			}
		})
	}
}

func last(t *testing.T, v *verifier.Verifier) provider.Verdict {
	t.Helper()
	verdict, _ := verifyNew(t.Context(), t, v)
	return verdict
}
