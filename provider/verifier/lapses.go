package verifier

import (
	"crypto/sha256"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

const (
	// maxLapses bounds the verified images that are counted: some 2 MiB. The least recently verified make room.
	maxLapses = 16384
	// lapsesFor is how long an image counts after it was verified. One in use is verified again each cache.verified.
	lapsesFor = 24 * time.Hour
)

// lapses remembers when the verdicts on images that were verified lately lapse. It knows the images by a hash: their names
// may be long.
type lapses struct {
	seen *lru.Cache[[sha256.Size]byte, verified]
}

// verified is when an image was verified, and when the first fact behind that ends which no CA renews by itself; zero: never.
type verified struct{ at, lapse time.Time }

func newLapses() (*lapses, error) {
	seen, err := lru.New[[sha256.Size]byte, verified](maxLapses)
	return &lapses{seen}, err
}

// note remembers a verified image, and forgets one that is refused.
func (l *lapses) note(image provider.Image, v provider.Verdict) {
	key := sha256.Sum256([]byte(image.Repository + "@" + image.Digest.String()))
	if !v.Good() {
		l.seen.Remove(key)
		return
	}
	remembered := verified{at: time.Now()}
	ends := func(fact provider.Lapse) bool { return !fact.By.Renewed() }
	if i := slices.IndexFunc(v.Lapses, ends); i >= 0 { // the first to end comes first
		remembered.lapse = v.Lapses[i].At
	}
	l.seen.Add(key, remembered)
}

// VerifiedImages returns how many images that were verified in the last 24 hours lapse within each of the times, and how
// many there are. What a CA renews by itself, such as a list of revoked certificates, is left out. It counts up to 16384
// images, and uses no network.
func (v *Verifier) VerifiedImages(within ...time.Duration) (lapsing []int, all int) {
	return v.lapses.count(within...)
}

// count returns how many images lapse within each of the times, and how many there are.
func (l *lapses) count(within ...time.Duration) (lapsing []int, all int) {
	now := time.Now()
	lapsing = make([]int, len(within))
	for _, image := range l.seen.Values() {
		if now.Sub(image.at) >= lapsesFor {
			continue
		}
		all++
		for i, time := range within {
			if !image.lapse.IsZero() && image.lapse.Sub(now) <= time {
				lapsing[i]++
			}
		}
	}
	return lapsing, all
}
