package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/tree"
	"gitlab.com/ska-telescope/notation-provider/provider/pki"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// registryFlags tell how to reach a registry of the rig.
func registryFlags(t *testing.T, r *rig.Registry) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, r.CAPEM(), 0o600))
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return []string{"--registry-ca", file}
}

func TestEverySignatureOfAnImageIsLookedAt(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	flags := registryFlags(t, r)
	if out, code := inspected(t, append(flags, image.Tagged())...); code != exitFailed || !strings.Contains(out, "has no notation signature") {
		t.Errorf("%d: %s", code, out)
	}
	other := w.NewPKI(rig.PKIOptions{Organization: "Other"})
	first := w.Sign(image, rig.Signature{})
	second := w.Sign(image, rig.Signature{By: other.Signer, Options: pki.SignOptions{MediaType: pki.COSE}, TSA: w.TSA})

	found := reportOf(t, 0, append(flags, image.Tagged())...)
	from := func(name string) []string { return found.byName(t, name).Files }
	if got, want := from("SKAO OCI Signer"), []string{"signature " + first.Manifest.Digest.String()}; !slices.Equal(got, want) {
		t.Errorf("SKAO's signer is in %q", got)
	}
	if got, want := from("Other Root CA"), []string{"signature " + second.Manifest.Digest.String()}; !slices.Equal(got, want) {
		t.Errorf("the other's root is in %q", got)
	}
	if got, want := from("Timestamp Authority"), []string{"timestamp of signature " + second.Manifest.Digest.String()}; !slices.Equal(got, want) {
		t.Errorf("the timestamp authority is in %q", got)
	}
	reportOf(t, exitFound, append(flags, "--fail-within", "400d", image.Pinned())...).has(t, tree.EndsTooSoon, "SKAO OCI Signer")
}

func TestASignatureThatIsDamagedHidesNoOther(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	w.Sign(image, rig.Signature{})
	w.Sign(image, rig.Signature{Defect: rig.Junk})
	found := reportOf(t, exitFound, append(registryFlags(t, r), image.Tagged())...)
	found.has(t, tree.BadSignature, "the envelope cannot be read")
	found.byName(t, "SKAO OCI Signer")
}

func TestASignatureThatCannotBeFetchedIsNoPeace(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	w.Sign(image, rig.Signature{})
	lost := w.Sign(image, rig.Signature{Defect: rig.LostBlob})
	out, code := inspected(t, append(registryFlags(t, r), image.Tagged())...)
	if code != exitFailed || !strings.Contains(out, "signer  SKAO OCI Signer") || !strings.Contains(out, "problem: signature "+lost.Manifest.Digest.String()) {
		t.Errorf("%d: %s", code, out)
	}
}
