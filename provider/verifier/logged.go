package verifier

import (
	"hash/maphash"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
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
