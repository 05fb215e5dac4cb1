package rig_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	notationregistry "github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// kinds are the two kinds of registry, with a way to sign and be found on each.
func kinds() []rig.RegistryOptions {
	return []rig.RegistryOptions{{Kind: rig.API}, {Kind: rig.Tag}}
}

// verify is what the notation CLI does: its own verifier, trust files and repository, over the network.
func verify(t *testing.T, image rig.Image, trust rig.Trust) error {
	t.Helper()
	configuration := t.TempDir()
	if err := trust.Write(configuration); err != nil {
		t.Fatal(err)
	}
	store := truststore.NewX509TrustStore(dir.NewSysFS(configuration))
	judge, err := verifier.New(trust.Document(), store, nil)
	if err != nil {
		t.Fatal(err)
	}
	remote, err := image.Registry.Remote(image.Repository)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = notation.Verify(t.Context(), judge, notationregistry.NewRepository(remote),
		notation.VerifyOptions{ArtifactReference: image.Pinned(), MaxSignatureAttempts: 10})
	return err
}

func TestNotationVerifiesWhatTheRigSigns(t *testing.T) {
	w := rig.ForTest(t)
	for _, opts := range kinds() {
		registry := w.Registry(opts)
		for _, mediaType := range []string{ca.JWS, ca.COSE} {
			t.Run(string(opts.Kind)+" "+mediaType, func(t *testing.T) {
				image := w.PushImage(registry, "production/ska-tango", "1.0")
				trust := w.Trust(image.Name())
				if err := verify(t, image, trust); err == nil {
					t.Error("verified an image without a signature")
				}
				w.Sign(image, rig.Signature{Options: ca.SignOptions{MediaType: mediaType}})
				if err := verify(t, image, trust); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestNotationVerifiesAnIndexAndItsChildrenApart(t *testing.T) {
	w := rig.ForTest(t)
	for _, opts := range kinds() {
		index := w.PushIndex(w.Registry(opts), "production/ska-tango", "1.0")
		w.Sign(index, rig.Signature{})
		if err := verify(t, index, w.Trust(index.Name())); err != nil {
			t.Errorf("%s: %v", opts.Kind, err)
		}
		if err := verify(t, index.Children[0], w.Trust(index.Name())); err == nil {
			t.Errorf("%s: the signature of an index was taken for its child's", opts.Kind)
		}
	}
}

func TestASignatureIsFoundWhereItIsListed(t *testing.T) {
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{})
	for _, tc := range []struct {
		listing rig.Listing
		found   [2]int
	}{ // by API, by tag
		{rig.ListedAPI, [2]int{1, 0}},
		{rig.ListedTag, [2]int{0, 1}},
		{rig.ListedBoth, [2]int{1, 1}},
	} {
		t.Run(string(tc.listing), func(t *testing.T) {
			image := w.PushImage(registry, "production/a", "1")
			w.Sign(image, rig.Signature{Listed: tc.listing})
			for i, byAPI := range []bool{true, false} {
				if got := referrers(t, image, byAPI); got != tc.found[i] {
					t.Errorf("by API %t: %d signatures, want %d", byAPI, got, tc.found[i])
				}
			}
		})
	}
}

func referrers(t *testing.T, image rig.Image, byAPI bool) int {
	t.Helper()
	remote, err := image.Registry.Remote(image.Repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.SetReferrersCapability(byAPI); err != nil {
		t.Fatal(err)
	}
	listed, err := listSignatures(t.Context(), remote, image)
	if err != nil {
		t.Fatal(err)
	}
	return listed
}

func TestATimestampOutlivesTheSigner(t *testing.T) {
	w := rig.ForTest(t)
	signed := time.Now().AddDate(0, -1, -7)
	lapsed := w.NewSigner(w.SKAO, ca.Options{NotBefore: signed.AddDate(0, -1, 0), NotAfter: signed.AddDate(0, 0, 7)})
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	w.Sign(image, rig.Signature{By: lapsed, TSA: w.TSA, Options: ca.SignOptions{SigningTime: signed}})

	trust := w.Trust(image.Name())
	if err := verify(t, image, trust); err == nil {
		t.Error("verified by a lapsed certificate, though no tsa store is trusted")
	}
	trust.Add("tsa:stamps", w.TSA.Root())
	if err := verify(t, image, trust); err != nil {
		t.Error(err)
	}
}

func TestATimestampAuthorityAnswersOverHTTP(t *testing.T) {
	w := rig.ForTest(t)
	stamper, err := tspclient.NewHTTPTimestamper(nil, w.Endpoints.PublishTSA(w.TSA))
	if err != nil {
		t.Fatal(err)
	}
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	w.Sign(image, rig.Signature{Options: ca.SignOptions{Timestamper: stamper, TSARoots: ca.Pool(w.TSA.Root())}})
	trust := w.Trust(image.Name())
	trust.Add("tsa:stamps", w.TSA.Root())
	if err := verify(t, image, trust); err != nil {
		t.Error(err)
	}
	if got := w.Endpoints.Count(rig.ClassTimestamp); got != 1 {
		t.Errorf("%d requests for a timestamp: %+v", got, w.Endpoints.Requests())
	}
}

func TestOneKeyServesAWholePKI(t *testing.T) {
	w := rig.ForTest(t)
	key, err := ca.RSA3072.Generate()
	if err != nil {
		t.Fatal(err)
	}
	other := w.NewPKI(rig.PKIOptions{Organization: "Elsewhere", Key: key})
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	w.Sign(image, rig.Signature{By: other.Signer})
	trust := w.Trust(image.Name())
	trust.Add("ca:elsewhere", other.Root.Cert)
	if err := verify(t, image, trust); err != nil {
		t.Error(err)
	}
}

func TestASigningAuthorityIsTrustedByItsOwnStore(t *testing.T) {
	w := rig.ForTest(t)
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	w.Sign(image, rig.Signature{Options: ca.SignOptions{Scheme: signature.SigningSchemeX509SigningAuthority}})
	trust := w.Trust(image.Name())
	if err := verify(t, image, trust); err == nil {
		t.Error("a ca store vouched for a signing authority")
	}
	trust.Add("signingAuthority:skao", w.SKAO.Root.Cert)
	if err := verify(t, image, trust); err != nil {
		t.Error(err)
	}
}

func TestRevocationReachesNotation(t *testing.T) {
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{})
	for _, tc := range []struct {
		name string
		opts rig.PKIOptions
	}{{"crl", rig.PKIOptions{CRL: true}}, {"ocsp", rig.PKIOptions{OCSP: true}}} {
		t.Run(tc.name, func(t *testing.T) {
			other := w.NewPKI(tc.opts)
			image := w.PushImage(registry, "production/a", tc.name)
			w.Sign(image, rig.Signature{By: other.Signer})
			trust := w.Trust(image.Name())
			trust.Stores["ca:skao-oci"] = []*x509.Certificate{other.Root.Cert}
			if err := verify(t, image, trust); err != nil {
				t.Error(err)
			}
			lift := w.Endpoints.Inject(rig.Match{}, rig.Status(503, nil))
			if err := verify(t, image, trust); err == nil {
				t.Error("verified though the signer's revocation is unknown")
			}
			lift()
			other.RootRevocation.Revoke(other.Intermediate.Cert, time.Now().Add(-time.Hour), 2)
			if err := verify(t, image, trust); err == nil {
				t.Error("verified below a revoked intermediate")
			}
			other.RootRevocation.Reinstate(other.Intermediate.Cert)
			other.SignerRevocation.Revoke(other.Signer.Cert, time.Now().Add(-time.Hour), 1)
			if err := verify(t, image, trust); err == nil {
				t.Error("verified by a revoked signer")
			}
		})
	}
}

func TestEveryDefectSpoilsTheSignatureOnBothKinds(t *testing.T) {
	w := rig.ForTest(t)
	harmless := map[rig.Defect]bool{rig.WrongThumbprint: true, rig.NoAnnotations: true} // to notation, which reads neither
	for _, opts := range kinds() {
		registry := w.Registry(opts)
		for _, defect := range rig.Defects() {
			for _, mediaType := range []string{ca.JWS, ca.COSE} {
				t.Run(string(opts.Kind)+" "+string(defect)+" "+mediaType, func(t *testing.T) {
					image := w.PushImage(registry, "production/a", string(defect))
					w.Sign(image, rig.Signature{Defect: defect, Options: ca.SignOptions{MediaType: mediaType}})
					err := verify(t, image, w.Trust(image.Name()))
					if (err == nil) != (harmless[defect] || defect == rig.Oversized && mediaType == ca.JWS) {
						t.Errorf("verified: %v", err)
					}
				})
			}
		}
	}
}

// A signature of another image is refused, and so is that of an untrusted signer.
func TestForeignSignaturesAreRefused(t *testing.T) {
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{})
	other := w.PushImage(registry, "production/a", "other")
	stranger := w.NewPKI(rig.PKIOptions{})
	for _, tc := range []struct {
		name string
		s    rig.Signature
	}{
		{"of another image", rig.Signature{Target: &other.Descriptor}},
		{"by a stranger with the same subject", rig.Signature{By: stranger.Signer}},
		{"by an unknown plugin", rig.Signature{Options: ca.SignOptions{Attributes: []signature.Attribute{ca.PluginAttribute("none")}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			image := w.PushImage(registry, "production/a", "1")
			w.Sign(image, tc.s)
			if err := verify(t, image, w.Trust(image.Name())); err == nil {
				t.Error("verified")
			}
		})
	}
}

func TestAMirrorHoldsTheImageAndItsSignatures(t *testing.T) {
	w := rig.ForTest(t)
	image := w.PushImage(w.Registry(rig.RegistryOptions{}), "production/a", "1")
	w.Sign(image, rig.Signature{})
	mirrored, err := image.Mirror(t.Context(), w.Registry(rig.RegistryOptions{Kind: rig.Tag}))
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, mirrored, w.Trust(mirrored.Name())); err != nil {
		t.Error(err)
	}
}

func TestAMovedTagNamesTheOtherImage(t *testing.T) {
	w := rig.ForTest(t)
	for _, opts := range kinds() {
		registry := w.Registry(opts)
		first := w.PushImage(registry, "production/a", "latest")
		second := w.PushImage(registry, "production/a", "latest")
		if got := resolve(t, registry, "production/a", "latest"); got != second.Descriptor.Digest.String() {
			t.Errorf("%s: latest is %s", opts.Kind, got)
		}
		w.MoveTag(first, "latest")
		if got := resolve(t, registry, "production/a", "latest"); got != first.Descriptor.Digest.String() {
			t.Errorf("%s: latest is %s after moving it back", opts.Kind, got)
		}
	}
}

func resolve(t *testing.T, registry *rig.Registry, repository, tag string) string {
	t.Helper()
	remote, err := registry.Remote(repository)
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Resolve(context.WithoutCancel(t.Context()), tag)
	if err != nil {
		t.Fatal(err)
	}
	return found.Digest.String()
}
