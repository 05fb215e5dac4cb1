package verifier_test

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
)

// noted attaches a signature with metadata.
func (s *shelf) noted(t *testing.T, by *ca.Identity, mediaType string, metadata map[string]string) {
	t.Helper()
	desc := target
	desc.Annotations = metadata
	envelope := sign(t, by, desc, ca.SignOptions{MediaType: mediaType})
	s.put(blob{raw: envelope.Raw, mediaType: envelope.MediaType}, envelope.Annotations)
}

// asked verifies the image with conditions.
func asked(t *testing.T, s setup, conditions string) provider.Verdict {
	t.Helper()
	policy, ok := s.open(t).Snapshot().Verifier(withConditions(conditions))
	if !ok {
		t.Fatal("no policy covers the image")
	}
	verdict, err := ask(t.Context(), policy, ocispec.Descriptor{Digest: image.Digest})
	if err != nil {
		t.Fatal(err)
	}
	told(t, verdict, err)
	return verdict
}

func withConditions(conditions string) provider.Image {
	wanted := image
	wanted.Conditions = conditions
	return wanted
}

// The verdict has the metadata of the signature that verified the image, and that signature's signer by attributes.
func TestAVerdictHasTheSignedMetadata(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	trusted := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		for _, want := range []map[string]string{nil, {"vetted": "SEC-1", "org.example.pipeline": "é 4711", "empty": ""}} {
			s := newShelf()
			s.noted(t, r.signer, mediaType, want)
			verdict := asked(t, setup{trust: trusted, shelf: s}, "")
			if !verdict.Good() || !maps.Equal(verdict.Metadata, want) || len(verdict.Warnings) > 0 {
				t.Errorf("%s: %q %v, want %v; warnings %q", mediaType, verdict.Reason, verdict.Metadata, want, verdict.Warnings)
			}
			identity := map[string][]string{}
			for _, name := range r.signer.Cert.Subject.Names {
				key := map[string]string{"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.8": "ST", "2.5.4.10": "O"}[name.Type.String()]
				identity[key] = append(identity[key], name.Value.(string))
			}
			if !reflect.DeepEqual(verdict.SignerIdentity, identity) {
				t.Errorf("signer %v, want %v", verdict.SignerIdentity, identity)
			}
		}
	}
}

// Metadata beyond a bound is left out whole, with a warning: then no condition on it is met.
func TestMetadataBeyondTheBoundsIsLeftOut(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	trusted := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
	many := map[string]string{}
	for i := range 16 {
		many[fmt.Sprint("k", i)] = "v"
	}
	for _, tc := range []struct {
		name string
		odd  map[string]string
	}{
		{"many keys", many},
		{"an empty key", map[string]string{"": "v"}},
		{"a long key", map[string]string{strings.Repeat("k", 129): "v"}},
		{"a long value", map[string]string{"k": strings.Repeat("v", 513)}},
		{"a long whole", map[string]string{"k": strings.Repeat("v", 500), "l": strings.Repeat("v", 500)}},
		{"long as JSON", map[string]string{"k": strings.Repeat("<", 200)}},
		{"a line break", map[string]string{"k": "a\nb"}},
		{"an escape", map[string]string{"k\x1b": "v"}},
		{"reorders text", map[string]string{"k": "\u202e"}},
	} {
		metadata := maps.Clone(tc.odd)
		metadata["vetted"] = "SEC-1"
		s := newShelf()
		s.noted(t, r.signer, ca.JWS, metadata)
		verdict := asked(t, setup{trust: trusted, shelf: s}, "")
		if !verdict.Good() || verdict.Metadata != nil || len(verdict.Warnings) != 1 || !strings.HasPrefix(verdict.Warnings[0], "metadata: left out") {
			t.Errorf("%s: %q %v, warnings %q", tc.name, verdict.Reason, verdict.Metadata, verdict.Warnings)
		}
		if refused := asked(t, setup{trust: trusted, shelf: s}, "metadata.vetted=*"); refused.Reason != provider.Untrusted {
			t.Errorf("%s: %q with a condition", tc.name, refused.Reason)
		}
	}
}

// A signature that passes the trust policy and lacks what is asked for is no better than none; the next one may have it.
// What two signatures have together counts for nothing.
func TestOneSignatureMustMeetAllConditions(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	trusted := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
	s := newShelf()
	stranger := newAuthority().newRealm(t, revocable{})
	s.noted(t, stranger.signer, ca.JWS, map[string]string{"vetted": "SEC-9", "tested": "yes", "owner": "tango"})
	s.noted(t, r.signer, ca.JWS, nil)
	s.noted(t, r.signer, ca.COSE, map[string]string{"vetted": "SEC-1"})
	s.noted(t, r.signer, ca.JWS, map[string]string{"vetted": "SEC-2", "tested": "yes"})
	for _, tc := range []struct{ conditions, want, has string }{
		{"metadata.vetted=SEC-1", "SEC-1", ""},
		{"metadata.vetted=SEC-%2A", "SEC-1", ""},
		{"metadata.vetted=SEC-2", "SEC-2", ""},
		{"metadata.tested=yes", "SEC-2", ""},
		{"metadata.vetted=SEC-1&metadata.tested=yes", "", "; they have vetted=SEC-2"},
		{"metadata.vetted=SEC-9", "", "; they have vetted=SEC-1, vetted=SEC-2"},
		{"metadata.owner=tango", "", ""},
		{"metadata.vetted=sec-1", "", "; they have vetted=SEC-1, vetted=SEC-2"},
		{"metadata.vetted=SEC-1&signer.CN=Another", "", "; they have CN=Example Signer, vetted=SEC-2"},
		{"metadata.vetted=SEC-1&metadata.vetted=SEC-2", "", "; they have vetted=SEC-1, vetted=SEC-2"},
	} {
		verdict := asked(t, setup{trust: trusted, shelf: s}, tc.conditions)
		if verdict.Good() != (tc.want != "") || verdict.Metadata["vetted"] != tc.want {
			t.Errorf("%s: %q with %v, want %q", tc.conditions, verdict.Reason, verdict.Metadata, tc.want)
		}
		if !verdict.Good() && (verdict.Reason != provider.Untrusted || !strings.HasPrefix(verdict.Detail, provider.DetailNoMetadata) && !strings.HasPrefix(verdict.Detail, provider.DetailOtherSigner)) {
			t.Errorf("%s: %q: %s", tc.conditions, verdict.Reason, verdict.Detail)
		}
		first, has, of3 := strings.Cut(verdict.Detail, "; none of its 3 good signatures has all that is asked for")
		if !verdict.Good() && (!of3 || has != tc.has) || verdict.Good() && tc.has != "" {
			t.Errorf("%s: %s", tc.conditions, verdict.Detail)
		}
		if says := fmt.Sprint(verdict.Signatures); !verdict.Good() && !strings.Contains(says, "{conditions enforce "+first) {
			t.Errorf("%s: the checks are %s", tc.conditions, says)
		}
	}
}

// Evidence that lacks what is asked for decides nothing: the registry is asked, and the signature that has it is kept.
func TestEvidenceMustMeetTheConditionsToo(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	s := newShelf()
	s.noted(t, r.signer, ca.JWS, nil)
	v := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, evidence: evidence.New(&store{entries: map[string][]byte{}}, func(bool) {})}.open(t)
	desc := ocispec.Descriptor{Digest: image.Digest}
	plain, _ := v.Snapshot().Verifier(image)
	if verdict, err := plain.Verify(t.Context(), image, desc); err != nil || !verdict.Good() {
		t.Fatal(verdict, err)
	}
	s.noted(t, r.signer, ca.JWS, map[string]string{"vetted": "SEC-1"})
	vetted, _ := v.Snapshot().Verifier(withConditions("metadata.vetted=SEC-1"))
	if plain.Fingerprint() == vetted.Fingerprint() {
		t.Error("verdicts with conditions and without are remembered as one")
	}
	if verdict, ok := vetted.VerifyKnown(t.Context(), image, desc); ok {
		t.Errorf("the evidence without metadata proves %+v", verdict)
	}
	if verdict, err := vetted.Verify(t.Context(), image, desc); err != nil || verdict.Metadata["vetted"] != "SEC-1" {
		t.Error(verdict, err)
	}
	for _, tc := range []struct {
		name  string
		known provider.Verifier
	}{{"with conditions", vetted}, {"without", plain}} {
		if verdict, ok := tc.known.VerifyKnown(t.Context(), image, desc); !ok || verdict.Metadata["vetted"] != "SEC-1" {
			t.Errorf("%s: %t %+v", tc.name, ok, verdict)
		}
	}
}
