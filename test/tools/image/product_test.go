package main

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// checkout is where the product's sources are.
const checkout = "../../.."

// out is where the product's images are while the tests run.
var out string

func TestMain(m *testing.M) {
	var err error
	if out, err = os.MkdirTemp("", "product-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(out) }() // it is a temporary folder
	m.Run()
}

// product builds one of the two images for this machine, once.
var product = map[string]func() (folder string, err error){
	"notation-provider": sync.OnceValues(func() (string, error) { return buildProduct("notation-provider") }),
	"policytest":        sync.OnceValues(func() (string, error) { return buildProduct("policytest") }),
}

func buildProduct(target string) (string, error) {
	var said strings.Builder
	if run([]string{"-context", checkout, "-out", out, target}, io.Discard, &said) != 0 {
		return "", errors.New(said.String())
	}
	return filepath.Join(out, target), nil
}

func built(t *testing.T, target string) v1.ImageIndex {
	t.Helper()
	folder, err := product[target]()
	if err != nil {
		t.Fatal(err)
	}
	return read(t, folder)
}

// Each image has its commands, which need nothing beside them and say the version that the label says.
func TestImagesHaveTheirCommandsAndNoMore(t *testing.T) {
	for _, tc := range []struct {
		target string
		want   []string
	}{
		{"notation-provider", []string{"cert-rotator", "notation-pki", "notation-provider"}},
		{"policytest", []string{"policytest"}},
	} {
		image := one(t, built(t, tc.target))
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Config.User != "65532:65532" || !slices.Equal(config.Config.Entrypoint, []string{"/" + tc.target}) {
			t.Errorf("%s: user %q, entrypoint %q", tc.target, config.Config.User, config.Config.Entrypoint)
		}
		var names []string
		files(t, image, func(header *tar.Header, _ io.Reader) { names = append(names, header.Name) })
		if !slices.Equal(names, tc.want) {
			t.Errorf("%s has %q, want %q", tc.target, names, tc.want)
		}
		root, version := unpack(t, image), config.Config.Labels[versionLabel]
		for _, command := range tc.want {
			if said := in(t, root, "/"+command, "version"); !strings.HasPrefix(said, command+" "+version+" (go1.") {
				t.Errorf("%s of version %s says %q", command, version, said)
			}
		}
	}
}

// No build tag makes commands of an image other than those that are tested, such as one with cheap passphrases.
func TestImagesAreBuiltWithoutTags(t *testing.T) {
	for target := range product {
		root := unpack(t, one(t, built(t, target)))
		files(t, one(t, built(t, target)), func(header *tar.Header, _ io.Reader) {
			info, err := buildinfo.ReadFile(filepath.Join(root, header.Name))
			if err != nil {
				t.Fatalf("%s: %v", header.Name, err)
			}
			for _, setting := range info.Settings {
				if setting.Key == "-tags" {
					t.Errorf("%s was built with the tags %s", header.Name, setting.Value)
				}
			}
		})
	}
}

// Where it was built is not in it.
func TestImagesNameNoPathOfThisMachine(t *testing.T) {
	var paths []string
	for _, name := range []string{"GOROOT", "GOMODCACHE", "GOCACHE"} {
		said, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, strings.TrimSpace(string(said))+"/")
	}
	here, err := filepath.Abs(checkout)
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, here+"/", filepath.Join(os.TempDir(), "image-"))
	for target := range product {
		files(t, one(t, built(t, target)), func(header *tar.Header, content io.Reader) {
			all, err := io.ReadAll(content)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				if bytes.Contains(all, []byte(path)) {
					t.Errorf("%s names %s", header.Name, path)
				}
			}
		})
	}
}

// elsewhere copies the sources, as far as Docker would get them, and changes the Dockerfile.
func elsewhere(t *testing.T, change func(dockerfile string) string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	ignored, err := (&builder{context: checkout}).ignored()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "cmd", "provider"} {
		if err := copyTree(checkout, name, filepath.Join(dir, name), ignored); err != nil {
			t.Fatal(err)
		}
	}
	dockerfile, err := os.ReadFile(filepath.Join(checkout, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	text := dockerfile
	if change != nil {
		if text = []byte(change(string(dockerfile))); bytes.Equal(text, dockerfile) {
			t.Fatal("the Dockerfile was not changed: has it other words?")
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestASecondBuildElsewhereIsTheSame(t *testing.T) {
	got, want := mustBuild(t, elsewhere(t, nil), "notation-provider"), built(t, "notation-provider")
	if digest(t, got) != digest(t, want) {
		t.Errorf("got %s, want %s", digest(t, got), digest(t, want))
	}
}

// serverAlone leaves the other commands out of the server's image, to save their compilation.
func serverAlone(dockerfile string) string {
	for _, name := range []string{"cert-rotator", "notation-pki"} {
		dockerfile = strings.NewReplacer(" ./cmd/"+name, "", " /src/bin/"+name, "").Replace(dockerfile)
	}
	return dockerfile
}

// Without anything that was compiled before, the compiler makes the same server in another folder.
func TestRebuiltServerIsTheSame(t *testing.T) {
	want := filepath.Join(unpack(t, one(t, built(t, "notation-provider"))), "notation-provider")
	t.Setenv("GOCACHE", t.TempDir())
	rebuilt := unpack(t, one(t, mustBuild(t, elsewhere(t, serverAlone), "notation-provider")))
	same(t, filepath.Join(rebuilt, "notation-provider"), want)
}

func same(t *testing.T, got, want string) {
	t.Helper()
	one, err := os.ReadFile(got)
	other, err2 := os.ReadFile(want)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Errorf("%d and %d bytes, which differ", len(one), len(other))
	}
}

// The image of the other architecture holds that architecture's server, which no C library has to load.
func TestTheServerIsBuiltForArm64Too(t *testing.T) {
	all := images(t, mustBuild(t, elsewhere(t, serverAlone), "notation-provider", "-platforms", "linux/amd64,linux/arm64"))
	for _, tc := range []struct {
		platform string
		want     elf.Machine
	}{{"linux/amd64", elf.EM_X86_64}, {"linux/arm64", elf.EM_AARCH64}} {
		file, err := elf.Open(filepath.Join(unpack(t, all[tc.platform]), "notation-provider"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		libraries, err := file.ImportedLibraries()
		if err != nil || len(libraries) > 0 || file.Machine != tc.want || file.Section(".interp") != nil {
			t.Errorf("%s: machine %s, libraries %q, %v", tc.platform, file.Machine, libraries, err)
		}
	}
}
