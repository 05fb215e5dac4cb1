package main

import (
	"archive/tar"
	"errors"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// example has all that is known of Dockerfiles, with a shell command in place of a compiler.
const example = `ARG VERSION=1.2.3
FROM --platform=$BUILDPLATFORM golang:1 AS source
ENV GREETING="hello world"
WORKDIR /src
COPY go.mod README.md ./
COPY cmd cmd
FROM source AS build
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod mkdir bin && cat go.mod cmd/a/* >bin/a && echo "$GREETING $TARGETOS/$TARGETARCH" >bin/b && chmod 711 bin/a && ls cmd/a >bin/list
FROM scratch AS other
FROM scratch AS product
ARG VERSION
LABEL org.opencontainers.image.version="$VERSION" title="a \"b\""
COPY --from=build /src/bin/a /src/bin/b /
COPY --from=build /src/bin/list /etc/list
ENV PATH=/helpers
EXPOSE 8443 53/udp
USER 65532:65532
ENTRYPOINT ["/a", "--x"]
`

// source makes a folder with a Dockerfile and something to build.
func source(t *testing.T, dockerfile string) string {
	t.Helper()
	dir := t.TempDir()
	for _, tc := range []struct{ name, text string }{
		{"Dockerfile", dockerfile}, {".dockerignore", "*\n!go.mod\n!cmd\n!README.md\n**/*_test.go\n"},
		{"go.mod", "module\n"}, {"README.md", "# x\n"}, {"cmd/a/a.go", "package a\n"}, {"cmd/a/a_test.go", "package a\n"},
	} {
		path := filepath.Join(dir, tc.name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(tc.text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// build runs the command, and returns the layout that it wrote.
func build(t *testing.T, context, target string, flags ...string) (out, complaints string, code int) {
	t.Helper()
	out = t.TempDir()
	var said strings.Builder
	code = run(append(append([]string{"-context", context, "-out", out}, flags...), target), io.Discard, &said)
	return filepath.Join(out, target), said.String(), code
}

func mustBuild(t *testing.T, context, target string, flags ...string) v1.ImageIndex {
	t.Helper()
	folder, complaints, code := build(t, context, target, flags...)
	if code != 0 {
		t.Fatal(complaints)
	}
	return read(t, folder)
}

func TestAnImageIsWhatTheDockerfileSays(t *testing.T) {
	image := images(t, mustBuild(t, source(t, example), "product", "-platforms", "linux/arm64"))["linux/arm64"]
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		User: "65532:65532", Entrypoint: []string{"/a", "--x"}, Env: []string{"PATH=/helpers"},
		Labels:       map[string]string{versionLabel: "1.2.3", "title": `a "b"`},
		ExposedPorts: map[string]struct{}{"8443/tcp": {}, "53/udp": {}},
	}
	if !reflect.DeepEqual(config.Config, want) || config.Architecture != "arm64" || config.OS != "linux" {
		t.Errorf("got %+v on %s/%s\nwant %+v", config.Config, config.OS, config.Architecture, want)
	}
	got := map[string]string{}
	files(t, image, func(header *tar.Header, content io.Reader) {
		text, _ := io.ReadAll(content)
		got[header.Name] = header.FileInfo().Mode().String() + " " + string(text)
		if header.Uid != 0 || header.Gid != 0 || !header.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%s: owner %d:%d, time %s", header.Name, header.Uid, header.Gid, header.ModTime)
		}
	})
	wantFiles := map[string]string{
		"a": "-rwxr-xr-x module\npackage a\n", "b": "-rw-r--r-- hello world linux/arm64\n", "etc/list": "-rw-r--r-- a.go\n",
	}
	if !maps.Equal(got, wantFiles) {
		t.Errorf("got  %q\nwant %q", got, wantFiles)
	}
}

func TestEachPlatformHasItsImage(t *testing.T) {
	all := images(t, mustBuild(t, source(t, example), "product", "-platforms", "linux/amd64,linux/arm64"))
	if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("got %q", got)
	}
}

// Neither the folder, nor times, nor the umask change a byte; the content does.
func TestTheSameSourceMakesTheSameBytes(t *testing.T) {
	one, other := source(t, example), source(t, example)
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.Chtimes(filepath.Join(other, "go.mod"), old, old), os.Chmod(filepath.Join(other, "go.mod"), 0o600)); err != nil {
		t.Fatal(err)
	}
	want, got := digest(t, mustBuild(t, one, "product")), digest(t, mustBuild(t, other, "product"))
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := os.WriteFile(filepath.Join(other, "go.mod"), []byte("other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, mustBuild(t, other, "product")); got == want {
		t.Error("another source made the same image")
	}
}

// The registry has the same digest, under the version.
func TestPushedIsWhatWasBuilt(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	built := mustBuild(t, source(t, example), "product", "-push", host+"/tools", "-build-arg", "VERSION=9.9.9")
	tag, err := name.NewTag(host + "/tools/product:9.9.9")
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := digest(t, pushed), digest(t, built); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
