package hostile

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// fill has one signed image verified in so many repositories that the evidence of them is as much as is kept. Anyone who may
// push to some may copy it there, with a padded envelope.
func (x *target) fill(t *testing.T) {
	t.Helper()
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q}`, ocispec.MediaTypeImageManifest)
	signed, err := x.SKAO.Signer.Sign(t.Context(), ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromBytes(manifest), Size: int64(len(manifest)),
	}, ca.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var padded map[string]any
	if err := json.Unmarshal(signed.Raw, &padded); err != nil {
		t.Fatal(err)
	}
	padded["header"].(map[string]any)["pad"] = strings.Repeat("x", 120<<10-len(signed.Raw)) //nolint:forcetypeassert // of a JWS
	envelope, err := json.Marshal(padded)
	if err != nil {
		t.Fatal(err)
	}
	x.bad.kinds["copies"] = kind{manifest: manifest, envelopes: [][]byte{envelope}, mediaType: ca.JWS}
	asker := x.server.GatekeeperClient()
	const copies = 600
	for first := 0; first < copies; first += 20 {
		var keys []string
		for n := range 20 {
			keys = append(keys, fmt.Sprintf("%s/copies/%d/app:1", x.bad.host, first+n))
		}
		if !eventuallyVerified(t, asker, keys) {
			t.Fatalf("not all of %s are verified", keys)
		}
	}
}

func eventuallyVerified(t *testing.T, asker *rig.GatekeeperClient, keys []string) bool {
	t.Helper()
	for range 20 {
		answer, err := asker.Validate(t.Context(), keys...)
		if err == nil && len(answer.Items) == len(keys) && answer.Items[keys[0]].Value != nil {
			return true
		}
	}
	return false
}

// What strangers do costs memory within the bound also when all is full that is remembered.
func TestMemoryThatIsFullUnderAttack(t *testing.T) {
	x := newTarget(t, 4, attacks)
	x.fill(t)
	x.storm(t, []string{"ready", "cose-fits", "names"}, func() {
		t.Logf("%d of 10 good images were verified meanwhile", x.verified(t, 10))
	})
	if !x.recovers(t) {
		t.Error("no good image was verified after the attack")
	}
	x.peak(t)
}
