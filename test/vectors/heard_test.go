package vectors_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// heard is an answer, whatever rung it came from.
type heard struct {
	vectors.Outcome
	Detail string
	Value  value // of what is verified
}

// value is what an answer says of a verified image: provider/gatekeeper's Value, spelt out here since policies depend on
// it.
type value struct {
	Verified bool
	Image    string
	Digest   string
	Policy   string
	Signer   string
	SignedAt time.Time
	Until    time.Time
	Warnings []string

	Metadata       map[string]string
	SignerIdentity map[string][]string
}

// slack is how far the clock may go on while a case is set up and asked.
const slack = 3 * time.Minute

// check compares an answer with what the case expects.
func check(t *testing.T, s *vectors.Scene, q vectors.Question, want vectors.Outcome, got heard) {
	t.Helper()
	if got.Outcome != want {
		t.Errorf("%q is %q (%s), want %q", short(q.Key), got.Outcome, got.Detail, want)
		return
	}
	for _, secret := range append(s.Secrets(), "http://", "https://", "/tmp/", s.World.Dir, s.World.Endpoints.Host) {
		if strings.Contains(got.Detail, secret) {
			t.Errorf("%q: the answer tells %q: %s", short(q.Key), secret, got.Detail)
		}
	}
	if want == q.Expect && !strings.Contains(got.Detail, q.Detail) {
		t.Errorf("%q: the answer is %q, want it to say %q", short(q.Key), got.Detail, q.Detail)
	}
	if want.Reason == provider.Verified {
		checkValue(t, s, q, got.Value)
	}
}

func checkValue(t *testing.T, s *vectors.Scene, q vectors.Question, got value) {
	t.Helper()
	image, err := provider.ParseImage(q.Image)
	if err != nil {
		t.Fatal(err)
	}
	want := image.Digest
	if want == "" {
		want = s.Tag(image.Path(), image.Tag)
	}
	canonical := q.Canonical
	if canonical == "" {
		canonical = image.Repository
	}
	if !got.Verified || got.Digest != want.String() || got.Image != canonical+"@"+want.String() {
		t.Errorf("%q is judged as %+v, want %s@%s", short(q.Key), got, canonical, want)
	}
	if policy := orSKAO(q.Policy); got.Policy != policy {
		t.Errorf("%q: policy %q, want %q", short(q.Key), got.Policy, policy)
	}
	checkMark(t, s.Marks(want), want, got)
	if q.Metadata != nil && !maps.Equal(got.Metadata, q.Metadata) {
		t.Errorf("%q: metadata %v, want %v", short(q.Key), got.Metadata, q.Metadata)
	}
	checkUntil(t, q, got.Until)
	if !slices.EqualFunc(got.Warnings, q.Warnings, strings.Contains) {
		t.Errorf("%q: warnings %q, want %q", short(q.Key), got.Warnings, q.Warnings)
	}
}

func orSKAO(policy string) string {
	if policy == "" {
		return "skao"
	}
	return policy
}

// checkMark finds the signature that the answer speaks of: signer, time and metadata are those of one.
func checkMark(t *testing.T, marks []vectors.Mark, d digest.Digest, got value) {
	t.Helper()
	if !slices.ContainsFunc(marks, func(m vectors.Mark) bool {
		leftOut := len(got.Metadata) == 0 && slices.ContainsFunc(got.Warnings, func(w string) bool { return strings.HasPrefix(w, "metadata: left out") })
		return m.Signer == got.Signer && near(m.SignedAt, got.SignedAt) && (leftOut || maps.Equal(m.Metadata, got.Metadata))
	}) {
		t.Errorf("signed by %q at %s with %v, and the signatures on %s are %+v", got.Signer, got.SignedAt, got.Metadata, d, marks)
	}
	for name, values := range got.SignerIdentity {
		for _, value := range values {
			if !strings.Contains(got.Signer, name+"="+value) {
				t.Errorf("the signer %q has no %s=%s", got.Signer, name, value)
			}
		}
	}
	if len(got.SignerIdentity["O"]) != 1 {
		t.Errorf("the signer's attributes are %v", got.SignerIdentity)
	}
}

func checkUntil(t *testing.T, q vectors.Question, got time.Time) {
	t.Helper()
	switch q.Until {
	case "":
	case "never":
		if !got.IsZero() {
			t.Errorf("%q: until %s, want no end", short(q.Key), got)
		}
	default:
		var offset vectors.Offset
		if err := offset.UnmarshalText([]byte(q.Until)); err != nil {
			t.Fatal(err)
		}
		if want := time.Now().Add(time.Duration(offset)); !near(want, got) {
			t.Errorf("%q: until %s, want about %s", short(q.Key), got, want)
		}
	}
}

func near(a, b time.Time) bool { return a.Sub(b).Abs() < slack }

// short keeps a long key readable.
func short(key string) string {
	if len(key) > 200 {
		return key[:200] + "…"
	}
	return key
}
