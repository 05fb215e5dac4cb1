package admission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// oddNames are spellings of the images of a registry, near ones of others, and what is no reference. Each stands once.
func oddNames(registry, digest string) []string {
	port := registry[strings.LastIndex(registry, ":")+1:]
	hosts := []string{
		registry, "127.0.0.1:0" + port, "127.1:" + port, "127.0.0.01:" + port, "LOCALHOST:" + port, "[::ffff:127.0.0.1]:" + port, registry + ".", registry + ":443",
		"docker.io", "Docker.IO:443", "index.docker.io", "docker.io:80", "registry-1.docker.io", "harbor.skao.int", "HARBOR.skao.int:443", "harbor.skao.int:0443", "harbor.skao.int.", "user@" + registry, "oci://" + registry, "sha256", "",
	}
	paths := []string{"production/ska-tango", "production/ska-new", "production/Ska-tango", "production//ska-tango", "production/../production/ska-tango", "staging/x", "production", "postgres", "library/postgres", "production/ska-tango%2f", "production/ska-tango\u200b"}
	versions := []string{"", ":1", ":01", ":1 ", ":1\n", "@" + digest, ":1@" + digest, ":2@" + digest, "@" + strings.ToUpper(digest), "@" + digest[:70], "@" + digest + "@" + digest, "@sha512:" + digest[7:], ":sha256", ":1?x=1", ":1#x"}
	names := []string{digest, digest[:20], digest[7:], "sha512:0", "sha384:ab", digest[7:19], "\x00", " ", "ｐostgres", strings.Repeat("a", 1025)}
	for _, host := range hosts {
		for _, path := range paths {
			for _, version := range versions {
				names = append(names, strings.TrimPrefix(host+"/"+path+version, "/"))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// A name is admitted exactly if it is a reference that is verified, or one of a repository that the constraint does not
// govern. The repository is the provider's reading of the name. The provider, the template and the engine are the real
// ones.
func TestOddNamesAreReadAsOne(t *testing.T) {
	w := newWorld(t, nil)
	binary, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	w.url = w.Provider(rig.ProviderOptions{Binary: binary, Registries: []*rig.Registry{w.registry}, Trust: w.Trust(w.registry.Host + "/*")}).URL
	image := w.PushImage(w.registry, "production/ska-tango", "2")
	w.Sign(image, rig.Signature{})
	n := named{w.registry.Host + "/production/", image.Descriptor.Digest.String()}
	constraint := fmt.Sprintf(`{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: SignedImages, metadata: {name: signed},
		spec: {parameters: {provider: notation-provider, images: ["%s/production/*", "docker.io/library/*", "harbor.skao.int/*"]}}}`, w.registry.Host)
	e := w.open(t, constraint)
	for names := range slices.Chunk(oddNames(w.registry.Host, n.digest), 100) {
		violations, err := e.Review(t.Context(), admission.Pod("odd", names...))
		if err != nil {
			t.Fatal(err)
		}
		denied := map[string]string{}
		for _, v := range violations {
			image, _ := v.Details["image"].(string)
			denied[image], _ = v.Details["reason"].(string)
		}
		for _, name := range names {
			if got, want := denied[name], n.wanted(name); got != want {
				t.Errorf("%q: %q, want %q", name, got, want)
			}
		}
	}
}

// named is the path that the constraint governs, and the digest of the signed image below it, whose tag is 1.
type named struct{ governed, digest string }

// wanted is the reason for which a name is denied; "" if it is admitted.
func (n named) wanted(name string) string {
	image, err := provider.ParseImage(name)
	if err != nil {
		return "malformed"
	}
	elsewhere := func(above string) bool { return strings.HasPrefix(image.Repository, above) }
	path, governed := strings.CutPrefix(image.Repository, n.governed)
	switch tag := image.Digest == "" && image.Tag == "1"; {
	case elsewhere("docker.io/library/"), elsewhere("harbor.skao.int/"):
		return "out-of-scope"
	case !governed, path == "ska-tango" && (tag || image.Digest.String() == n.digest):
		return ""
	case path == "ska-new" && tag:
		return "unsigned"
	}
	return "not-found"
}
