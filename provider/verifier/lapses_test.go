package verifier

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Images count by their first fact that no CA renews, for a day after they were verified, until they are refused.
func TestVerifiedImagesCountByWhatLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		l, err := newLapses()
		if err != nil {
			t.Fatal(err)
		}
		count := func(why string, want ...int) {
			t.Helper()
			lapsing, all := l.count(7*day, 30*day)
			if got := append(lapsing, all); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", why, got, want)
			}
		}
		image := func(name string) provider.Image {
			return provider.Image{Repository: name, Digest: digest.FromString("x")}
		}
		verified := func(name string, facts ...provider.Lapse) {
			l.note(image(name), provider.Verdict{Reason: provider.Verified, Lapses: facts})
		}
		fact := func(by provider.LapseBy, days int) provider.Lapse {
			return provider.Lapse{By: by, At: time.Now().Add(time.Duration(days) * day)}
		}
		count("nothing yet", 0, 0, 0)
		verified("timestamped", fact(provider.LapseRevocation, 2))
		verified("soon", fact(provider.LapseRevocation, 2), fact(provider.LapseSigner, 6))
		verified("soon", fact(provider.LapseRevocation, 2), fact(provider.LapseSigner, 6))
		verified("later", fact(provider.LapseSignature, 20))
		verified("never")
		count("four images", 1, 2, 4)
		l.note(image("soon"), provider.Verdict{Reason: provider.Revoked})
		count("one is revoked", 0, 1, 3)
		time.Sleep(day / 2)
		verified("later", fact(provider.LapseSignature, 7))
		time.Sleep(day / 2)
		count("those of yesterday do not count", 1, 1, 1)
	})
}
