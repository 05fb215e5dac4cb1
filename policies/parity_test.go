package policies_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

const (
	hex64  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	sha256 = "sha256:" + hex64
	sha512 = "sha512:" + hex64 + hex64
)

// A user who writes a reference so that the policy reads one image and the provider or the kubelet another has found a way
// in. So they must agree on what is a reference, and on every part of it.
func TestThePolicyReadsReferencesAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	written := append(handPicked(), generated(20_000)...)
	read := readInRego(t, written)
	malformed := 0
	for _, w := range written {
		want := readInGo(w)
		if want == "malformed" {
			malformed++
		}
		if read(w) != want {
			t.Errorf("%q: the policy reads %s, the provider %s", w, read(w), want)
		}
	}
	t.Logf("%d references, of which %d malformed", len(written), malformed)
	if malformed < len(written)/5 || malformed > len(written)*4/5 {
		t.Error("the references are nearly all of one kind, and prove little")
	}
}

func readInGo(written string) string {
	image, err := provider.ParseImage(written)
	if err != nil {
		return "malformed"
	}
	return fmt.Sprintf("%s %s %s %s", image.Host, image.Repository, image.Tag, image.Digest)
}

func readInRego(t *testing.T, written []string) func(string) string {
	t.Helper()
	results := evaluate(t, `{written: read |
		some written in input
		parts := data.lib.image.parts(written)
		read := sprintf("%s %s %s %s", [parts.host, parts.repository, parts.tag, parts.digest])
	}`, written)
	read := results.(map[string]any)
	return func(written string) string {
		if parts, ok := read[written].(string); ok {
			return parts
		}
		return "malformed"
	}
}

// evaluate gives the value of an expression under the policies.
func evaluate(t testing.TB, expression string, input any) any {
	t.Helper()
	c := compiler()
	if c.Compile(modules(t)); c.Failed() {
		t.Fatal(c.Errors)
	}
	results, err := rego.New(rego.Compiler(c), rego.Query(expression), rego.Input(input)).Eval(context.Background())
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return results[0].Expressions[0].Value
}

// handPicked are the names that are read wrongly most easily.
func handPicked() []string {
	hosts := []string{
		"", "docker.io/", "Docker.IO/", "index.docker.io/", "INDEX.docker.io:443/", "docker.io:443/", "docker.io:80/", "registry-1.docker.io/",
		"docker.io.evil.io/", "harbor.skao.int/", "HARBOR.skao.int/", "harbor.skao.int:443/", "harbor.skao.int:8443/", "harbor.skao.int:0443/",
		"harbor.skao.int:0/", "harbor.skao.int:00/", "harbor.skao.int:1/", "harbor.skao.int:65535/", "harbor.skao.int:65536/", "harbor.skao.int:99999/",
		"skao:0443/", "SKAO:00443/", "localhost:05000/", "[::1]:05000/", "[::1]:0/", "docker.io:0443/", "sha256:5000/", "sha256/", "sha512:12/",
		"harbor.skao.int.evil.io/", "harbor.skao.int./", ".skao.int/", "skao..int/", "-skao.int/", "skao-.int/", "skao.int:/", "skao.int:https/",
		"skao.int:443:443/", "localhost/", "LocalHost/", "localhost:443/", "localhost:5000/", "localhost.evil/", "skao/", "Skao/", "skao:443/", "SKAO:443/",
		"skao:5000/", "library/", "Library/", "127.0.0.1/", "127.0.0.1:443/", "169.254.169.254/", "[::1]/", "[::1]:443/", "[::1]:5000/", "[FE80::1]/", "[::443]/",
		"[::ffff:127.0.0.1]/", "[fe80::1%25eth0]/", "[::1/", "::1/", "[]/", "user@harbor.skao.int/", "user:secret@harbor.skao.int/", "https://harbor.skao.int/",
		"oci://harbor.skao.int/", "docker-pullable://harbor.skao.int/", "a_b.c/", "a_b/", "a__b/", "a___b/", "K.skao.int/", "harbor.skao.int//", "/", "//", "../", "./",
		"harbor.skao.int/../", "harbor.skao.int\\", " harbor.skao.int/", "harbor.skao.int%2f", "xn--skao.int/", "1/", "1.2/", "a.b-c.d/", "a.b_c.d/", "İ.io/", "ı.io/",
	}
	paths := []string{
		"postgres", "production/tango", "production-evil/x", "library/postgres", "a/b/c/d", "Production/x", "a.b", "a..b", "a_b", "a__b", "a___b", "a-b", "a---b",
		"a-", "-a", "a.", ".a", "a/", "", hex64, hex64[:63], "sha256", "localhost", "harbor.skao.int", strings.Repeat("a", 247), strings.Repeat("a", 249), strings.Repeat("a", 250), strings.Repeat("a", 248),
		strings.Repeat("a", 255), strings.Repeat("a", 256), strings.Repeat("a/", 127) + "a", strings.Repeat("a/", 128) + "a", "ｘ", "x\u202e", "*", "a/*",
	}
	versions := []string{
		"", ":1.2", ":latest", ":443", ":" + hex64, ":TAG", ":_x", ":-x", ":.x", ":", ":a:b", ":" + strings.Repeat("t", 128), ":" + strings.Repeat("t", 129),
		"@" + sha256, ":1@" + sha256, "@" + sha512, ":1@" + sha512, "@" + sha256 + ":1", "@" + sha256 + "0", "@sha256:" + hex64[:63], "@sha256:" + strings.ToUpper(hex64),
		"@SHA256:" + hex64, "@sha512:" + hex64, "@sha384:" + hex64 + hex64[:32], "@md5:" + hex64[:32], "@sha256", "@", "@" + sha256 + "@" + sha256, "\n", ":1\n", "@" + sha256 + "\n",
		" ", "?x=y", "#x", "\x00",
	}
	written := []string{sha256, sha512, hex64, strings.ToUpper(hex64), "sha256:" + strings.ToUpper(hex64), strings.Repeat("a", 1024), strings.Repeat("a", 1025), "x/" + strings.Repeat("é", 600)}
	for _, algorithm := range []string{"sha256:", "sha384:", "sha512:", "SHA256:", "sha256x:", "sha25:", "x/sha256:", "docker.io/library/sha256:", "md5:"} {
		for digits := range 130 {
			written = append(written, algorithm+strings.Repeat("a0", 65)[:digits])
		}
		written = append(written, algorithm+"DEAD", algorithm+"x", algorithm+"12.0", algorithm+"12@"+sha256, algorithm+hex64+"@"+sha512, algorithm+"12\n", algorithm+" 12")
	}
	for port := range 66_000 / 97 {
		written = append(written, fmt.Sprintf("h.io:%d/x", port*97), fmt.Sprintf("h.io:0%d/x", port*97))
	}
	for _, host := range hosts {
		for _, path := range paths {
			written = append(written, host+path)
		}
		for _, version := range versions {
			written = append(written, host+"production/tango"+version, host+"x"+version)
		}
	}
	longest := "/" + strings.Repeat("a", 255) + ":" + strings.Repeat("t", 128) + "@" + sha512
	host := strings.Repeat("h", provider.MaxImageBytes-len(longest)-len(".int")) + ".int"
	return append(written, host+longest, "h"+host+longest)
}

// generated are references put together at random, from a seed that never changes, and with some letters spoilt.
func generated(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	written := make([]string, 0, n)
	for range n {
		var b strings.Builder
		for range random.IntN(3) {
			b.WriteString(pick("a", "B", "docker", "index", "localhost", "library", "skao", "x1"))
			b.WriteString(pick(".", ".", ".", ".", "-", "_", "__"))
		}
		b.WriteString(pick("io", "int", "docker.io", "docker.io", "localhost", "Z9", "[::1]"))
		b.WriteString(pick("", "", "", ":443", ":5000", ":0443", ":65536"))
		for range 1 + random.IntN(3) {
			b.WriteString(pick("/", "/", "/", "/", "/", "/", "//"))
			b.WriteString(pick("a", "b1", "tango", "library", "sha256"))
			b.WriteString(pick("", "", "", "_z", "__z", ".z", "-z", "---z", "___z"))
		}
		b.WriteString(pick("", "", ":1", ":latest", ":V_1.2-rc", ":"+hex64, ":0ab"))
		b.WriteString(pick("", "", "", "@"+sha256, "@"+sha512, "@sha256:"+hex64[:40]))
		written = append(written, spoilt(random, b.String()))
	}
	return written
}

// spoilt changes one letter of every fourth reference.
func spoilt(random *rand.Rand, written string) string {
	if random.IntN(4) != 0 {
		return written
	}
	at := random.IntN(len(written))
	const letters = "/:@.-_aZ0 \n[]%\\é"
	other := []rune(letters)[random.IntN(len([]rune(letters)))]
	return written[:at] + string(other) + written[at+1:]
}
