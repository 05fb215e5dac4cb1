package registry_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// Whatever an index of referrers holds, what comes out of it is a bounded list of
// notation signatures, or an error.
func FuzzAReferrersIndexListsBoundedSignaturesOrNothing(f *testing.F) {
	signature := `{"artifactType":"application/vnd.cncf.notary.signature","digest":"` + someDigest + `","size":1}`
	for _, text := range []string{
		`{}`, `null`, `[]`, `{"manifests":null}`, `{"manifests":[` + signature + `]}`, `{"manifests":[` + signature + `,null,{}]}`,
		`{"manifests":[` + strings.Repeat(signature+",", 1200) + signature + `]}`, `{"Manifests":[` + signature + `],"manifests":[]}`,
		`{"manifests":[{"artifactType":"application/vnd.cncf.notary.signature","digest":"../../x","size":-1}]}`, `<html>`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, index []byte) {
		list, untyped, err := registry.ReadIndex(bytes.NewReader(index), ocispec.Descriptor{Digest: digest.FromBytes(index), Size: int64(len(index))})
		if len(list)+untyped > registry.MaxReferrers || err != nil && len(list) > 0 {
			t.Fatalf("%d signatures, %v", len(list), err)
		}
		for _, d := range list {
			if d.ArtifactType != "application/vnd.cncf.notary.signature" {
				t.Fatalf("%q for a signature", d.ArtifactType)
			}
		}
	})
}

// Whatever a docker config holds, it is refused, or gives a host the credentials of
// that very host and no other. No error repeats a secret.
func FuzzADockerConfigGivesNoHostAnothersCredential(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `[]`, `{"auths":null}`, `{"auths":{"harbor.test":{"auth":"cm9ib3Q6c2VjcmV0"}}}`, `{"auths":{"other.test":{"auth":"cm9ib3Q6c2VjcmV0"}}}`,
		`{"auths":{"https://other.test/v1/":{"username":"robot","password":"secret"}}}`, `{"auths":{"harbor.test:8443":{"auth":"cm9ib3Q6c2VjcmV0"}}}`,
		`{"auths":{"evil.harbor.test":{"auth":"cm9ib3Q6c2VjcmV0"},"harbor.test.evil":{"identitytoken":"secret"}}}`, `{"auths":{"harbor.test":{"auth":"c2VjcmV0"}}}`,
		`{"auths":{"HTTPS://Harbor.test:443/v1/":{"auth":"cm9ib3Q6c2VjcmV0"},"harbor.test/a":{"auth":"!"}},"harbor.test":{"auth":"cm9ib3Q6c2VjcmV0"}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		if bytes.Contains(bytes.ToLower(config), []byte("cred")) {
			t.Skip("it names a helper program to run")
		}
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, config, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := registry.New(registry.Options{DockerConfigs: []string{path}, Guard: egress.NewGuard()})
		if err != nil {
			return
		}
		defer r.Close()
		credential, err := r.Credential(t.Context(), "harbor.test")
		if told := fmt.Sprint(err, r.Warnings()); strings.Contains(told, "secret") && !bytes.Contains(config, []byte("secret")) {
			t.Fatalf("it repeats what base64 held: %s", told)
		}
		if credential.Username+credential.Password+credential.RefreshToken+credential.AccessToken != "" && !bytes.Contains(bytes.ToLower(unescaped(config)), []byte("harbor.test")) {
			t.Fatalf("a credential for harbor.test out of %s", config)
		}
	})
}

// unescaped is JSON text without the escapes that a host's name could hide in: a text
// with any is taken to name every host.
func unescaped(config []byte) []byte {
	if bytes.ContainsRune(config, '\\') {
		return []byte("harbor.test")
	}
	return config
}
