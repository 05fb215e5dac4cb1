package verifier

import (
	"context"
	"hash/maphash"
	"log/slog"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// maxLogged is of how many images the last result is kept, two megabytes in all. Of further ones a line may come again.
const maxLogged = 20_000

// logged tells results that are new from those that the log has already. It keeps hashes alone. Their seed is random, so
// that no two results can be made with one hash.
type logged struct {
	seed maphash.Seed
	last *lru.Cache[uint64, uint64] // of an image under a policy: its result
}

func newLogged() (*logged, error) {
	last, err := lru.New[uint64, uint64](maxLogged)
	return &logged{maphash.MakeSeed(), last}, err
}

// isNew tells whether the last result for this image under this policy was another, or is not known, and keeps this one.
func (l *logged) isNew(image provider.Image, policy string, v provider.Verdict) bool {
	key := l.hash(policy, image.Repository, image.Digest.String())
	result := l.hash(append([]string{string(v.Reason), v.Signer, v.Detail}, v.Warnings...)...)
	before, known := l.last.Get(key)
	l.last.Add(key, result)
	return !known || before != result
}

// hash is that of some texts, in order.
func (l *logged) hash(texts ...string) uint64 {
	return maphash.String(l.seed, strings.Join(texts, "\x00"))
}

// note writes the result of a verification to the log once, and not each time that the verdict is used, and remembers when
// it lapses. A check that comes to the same result as the last one is a debug line. Each line is bounded, for attackers
// decide how many signatures there are and what is in them.
func (p policyVerifier) note(ctx context.Context, image provider.Image, v provider.Verdict, err error) {
	log := p.verifier.options.Log
	if err != nil {
		undecided := provider.AsUndecided(err)
		signatures, leftOut := logging.Signatures(undecided.Signatures)
		log.WarnContext(ctx, "verification undecided", "image", printable.Brief(image.String(), logging.MaxImage), "policy", p.Policy(),
			"cause", undecided.Cause, "error", logging.Undecided(undecided), "signatures", signatures, "signaturesLeftOut", leftOut)
		return
	}
	p.verifier.lapses.note(image, v)
	level := slog.LevelDebug
	if p.verifier.logged.isNew(image, p.Fingerprint(), v) {
		level = slog.LevelInfo
	}
	signatures, leftOut := logging.Signatures(v.Signatures)
	log.Log(ctx, level, "verification done", "image", printable.Brief(v.Image.String(), logging.MaxImage), "reason", v.Reason, "policy", v.Policy,
		"signer", printable.Brief(v.Signer, logging.MaxDetail), "detail", printable.Brief(v.Detail, logging.MaxDetail),
		"warnings", printable.Brief(strings.Join(v.Warnings, "; "), logging.MaxDetail), "signatures", signatures, "signaturesLeftOut", leftOut)
}
