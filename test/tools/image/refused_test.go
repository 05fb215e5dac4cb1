package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What Docker would do and this cannot is an error that names the line: an image that lacks it would look as good.
func TestWhatIsNotKnownIsRefused(t *testing.T) {
	const from = "FROM golang:1 AS b\n"
	for _, c := range []struct{ name, dockerfile, want string }{
		{"an instruction", "FROM scratch AS product\nHEALTHCHECK CMD /a\n", "Dockerfile:2: HEALTHCHECK: make image does not know this"},
		{"a shell", "FROM scratch AS product\nENTRYPOINT /a\n", "Dockerfile:2: ENTRYPOINT: make image does not know"},
		{"an owner", from + "FROM scratch AS product\nCOPY --from=b --chown=1 /a /\n", "Dockerfile:3: COPY: make image does not know"},
		{"a secret", from + "RUN --mount=type=secret,id=x true\nFROM b AS product\n", "Dockerfile:2: RUN: make image does not know"},
		{"no network", from + "RUN --network=none true\nFROM b AS product\n", "Dockerfile:2: RUN: make image does not know"},
		{"another base", "FROM debian:13 AS product\n", `FROM debian:13: the Dockerfile has no stage "debian:13"; there is no image but golang here`},
		{"a failing command", from + "RUN echo why; false\nFROM b AS product\n", "Dockerfile:2: RUN: exit status 1\nwhy"},
		{"a run in scratch", "FROM scratch AS product\nRUN true\n", "Dockerfile:2: RUN: an image from scratch has nothing to run"},
		{"a missing file", from + "FROM scratch AS product\nCOPY --from=b /a /\nLABEL " + versionLabel + "=1\n", "no such file"},
		{"a folder", from + "RUN mkdir d\nFROM scratch AS product\nCOPY --from=b /d /d\nLABEL " + versionLabel + "=1\n", "it is no file"},
		{"no version", "FROM scratch AS product\n", "it has no label " + versionLabel},
		{"not from scratch", "FROM golang:1 AS product\n", "it is not from scratch"},
		{"context in image", "FROM scratch AS product\nCOPY go.mod /\n", "Dockerfile:2: COPY: make image does not know"},
		{"a working folder", "FROM scratch AS product\nWORKDIR /w\n", "Dockerfile:2: WORKDIR: make image does not know"},
	} {
		folder, complaints, code := build(t, source(t, c.dockerfile), "product")
		if code != 1 || !strings.Contains(complaints, c.want) {
			t.Errorf("%s: exit code %d, %q\nwant %q", c.name, code, complaints, c.want)
		}
		if _, err := os.Stat(filepath.Join(folder, "index.json")); err == nil {
			t.Errorf("%s: there is an image", c.name)
		}
	}
}

func TestAWrongCommandLineExitsWithTwo(t *testing.T) {
	for _, args := range [][]string{{}, {"-platforms", "amd64", "x"}, {"-build-arg", "A", "x"}, {"-colour", "x"}} {
		var said strings.Builder
		if code := run(args, &said, &said); code != 2 || said.Len() == 0 {
			t.Errorf("%q: exit code %d, %q", args, code, said.String())
		}
	}
	var said strings.Builder
	if code := run([]string{"-help"}, &said, &said); code != 0 || !strings.Contains(said.String(), "Examples:") {
		t.Errorf("-help: exit code %d, %q", code, said.String())
	}
}

// What this machine's user set for other builds changes nothing.
func TestCommandsSeeLittleOfThisMachine(t *testing.T) {
	t.Setenv("GOFLAGS", "-tags=other")
	t.Setenv("GOAMD64", "v4")
	t.Setenv("CGO_ENABLED", "1")
	for _, pair := range environment() {
		if name, _, _ := strings.Cut(pair, "="); name == "GOFLAGS" || name == "GOAMD64" || name == "CGO_ENABLED" {
			t.Errorf("there is %s", pair)
		}
	}
}
