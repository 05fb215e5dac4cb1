package provider_test

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

const (
	hex64  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	hex128 = hex64 + hex64
	sha256 = "sha256:" + hex64
	sha512 = "sha512:" + hex128
)

func TestAReferenceIsReadTheWayTheKubeletReadsIt(t *testing.T) {
	for _, tc := range []struct{ written, want string }{
		// Docker Hub, by all its names.
		{"postgres", "docker.io/library/postgres:latest"},
		{"postgres:16", "docker.io/library/postgres:16"},
		{"postgres@" + sha256, "docker.io/library/postgres@" + sha256},
		{"user/app", "docker.io/user/app:latest"},
		{"library/postgres", "docker.io/library/postgres:latest"},
		{"docker.io/postgres", "docker.io/library/postgres:latest"},
		{"docker.io/user/app", "docker.io/user/app:latest"},
		{"index.docker.io/postgres", "docker.io/library/postgres:latest"},
		{"index.docker.io/library/postgres", "docker.io/library/postgres:latest"},
		{"Docker.IO/postgres", "docker.io/library/postgres:latest"},
		{"INDEX.docker.io/postgres", "docker.io/library/postgres:latest"},
		{"docker.io:443/postgres", "docker.io/library/postgres:latest"},
		{"index.docker.io:443/postgres", "docker.io/library/postgres:latest"},
		{"registry-1.docker.io/library/x", "registry-1.docker.io/library/x:latest"}, // the host that is dialled, and no alias of the grammar
		{"docker.io.evil.example/postgres", "docker.io.evil.example/postgres:latest"},
		{"docker.io:8443/postgres", "docker.io:8443/postgres:latest"},
		{"localhost", "docker.io/library/localhost:latest"},
		{"harbor.skao.int", "docker.io/library/harbor.skao.int:latest"},
		{"harbor.skao.int:443", "docker.io/library/harbor.skao.int:443"},
		{"harbor.skao.int/production/ska", "harbor.skao.int/production/ska:latest"},
		{"harbor.skao.int/production/ska:1.2", "harbor.skao.int/production/ska:1.2"},
		{"harbor.skao.int/p/ska:1.2@" + sha256, "harbor.skao.int/p/ska:1.2@" + sha256},
		{"harbor.skao.int/p/ska@" + sha512, "harbor.skao.int/p/ska@" + sha512},
		{"harbor.skao.int/p/ska:t@" + sha512, "harbor.skao.int/p/ska:t@" + sha512},
		// Hosts: capitals, default port, look-alikes.
		{"HARBOR.SKAO.INT/p/ska", "harbor.skao.int/p/ska:latest"},
		{"Harbor.skao.int:443/p/ska:1", "harbor.skao.int/p/ska:1"},
		{"harbor.skao.int:443/p/ska", "harbor.skao.int/p/ska:latest"},
		{"harbor.skao.int:8443/p/ska", "harbor.skao.int:8443/p/ska:latest"},
		{"harbor.skao.int:4430/p/ska", "harbor.skao.int:4430/p/ska:latest"},
		{"harbor.skao.int:65535/p/ska", "harbor.skao.int:65535/p/ska:latest"},
		{"harbor.skao.int:1/p/ska", "harbor.skao.int:1/p/ska:latest"},
		{"harbor.skao.int:1443/p/ska", "harbor.skao.int:1443/p/ska:latest"},
		{"harbor.skao.int:443/p/ska:443", "harbor.skao.int/p/ska:443"},
		{"harbor.skao.int.evil.io/p/ska", "harbor.skao.int.evil.io/p/ska:latest"},
		{"localhost/x", "localhost/x:latest"},
		{"LocalHost/x", "localhost/x:latest"},
		{"localhost:443/x", "localhost/x:latest"},
		{"localhost:5000/x", "localhost:5000/x:latest"},
		{"127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"},
		{"169.254.169.254/latest/x", "169.254.169.254/latest/x:latest"},
		{"[::1]:5000/x", "[::1]:5000/x:latest"},
		{"[::1]:443/x", "[::1]/x:latest"},
		{"[FE80::1]/x", "[fe80::1]/x:latest"},
		{"[::443]/x", "[::443]/x:latest"},
		{"[::ffff:7f00:1]/x", "[::ffff:7f00:1]/x:latest"},
		// A host only by its capitals or its port is a host, and none of Docker Hub's users.
		{"Skao/app", "skao/app:latest"},
		{"skao:443/app", "skao/app:latest"},
		{"SKAO:443/app", "skao/app:latest"},
		{"skao:5000/app", "skao:5000/app:latest"},
		{"Library/postgres", "library/postgres:latest"},
		{"Library:443/a/b:tag", "library/a/b:tag"},
	} {
		image, err := provider.ParseImage(tc.written)
		if err != nil || image.String() != tc.want {
			t.Errorf("ParseImage(%q) = %q, %v; want %q", tc.written, image, err, tc.want)
		}
	}
}

func TestWhatIsNoReferenceIsMalformedAndNeverRepeated(t *testing.T) {
	for _, tc := range []struct{ name, written string }{
		{"empty", ""},
		{"space", " "},
		{"space before", " secret/x"},
		{"space after", "secret/x "},
		{"newline after", "secret/x\n"},
		{"newline after a tag", "secret/x:1\n"},
		{"newline after an ID", sha256 + "\n/secret"},
		{"newline in digest", "secret/x@" + sha256 + "\n"},
		{"tab", "secret/\tx"},
		{"NUL", "secret/x\x00"},
		{"ESC", "secret/\x1b[31mx"},
		{"DEL", "secret/x\x7f"},
		{"invalid UTF-8", "secret/x\xff"},
		{"bidi override", "secret/\u202ex"},
		{"full-width letter", "secret/ｘ"},
		{"dotless i", "secret/ı"},
		{"Kelvin sign in a host", "secret\u212a.example/x"}, // lower-cases to k
		{"image ID", sha256},
		{"image ID in capitals", strings.ToUpper(hex64)},
		{"bare hex", hex64},
		{"docker-pullable", "docker-pullable://secret/x@" + sha256},
		{"https", "https://secret.example/x"},
		{"http", "http://secret.example/x"},
		{"oci", "oci://secret.example/x"},
		{"file", "file:///etc/secret"},
		{"user", "secret@evil.example/x"},
		{"user and password", "user:secret@evil.example/x"},
		{"host as user", "harbor.skao.int@evil.example/secret"},
		{"query", "secret.example/x?y=z"},
		{"fragment", "secret.example/x#y"},
		{"percent", "secret.example/%2e%2e/x"},
		{"backslash", `secret.example\x`},
		{"dots", "../secret"},
		{"dots inside", "secret.example/../x"},
		{"slash first", "/secret"},
		{"slash last", "secret/"},
		{"two slashes", "secret.example//x"},
		{"host only", "secret.example/"},
		{"trailing dot", "harbor.secret.int./p/ska"},
		{"leading dot", ".secret.int/p"},
		{"two dots in a host", "secret..int/p"},
		{"empty port", "secret.int:/p"},
		{"named port", "secret.int:https/p"},
		{"port 0", "secret.int:0/p"},
		{"port of zeros", "secret.int:000/p"},
		{"zero before a port", "secret.int:0443/p"},
		{"zero before 443", "SECRET:0443/p"},
		{"zeros before 80", "secret:00080/p"},
		{"zero, IPv6", "[::1]:05000/secret"},
		{"port 65536", "secret.int:65536/p"},
		{"port without end", "secret.int:" + strings.Repeat("9", 400) + "/p"},
		{"two ports", "secret.int:443:443/p"},
		{"zone", "[fe80::1%25eth0]/secret"},
		{"IPv4-mapped", "[::ffff:127.0.0.1]/secret"},
		{"open bracket", "[::1/secret"},
		{"bare IPv6", "::1/secret"},
		{"capitals in a path", "harbor.skao.int/Secret/x"},
		{"capitals in a name", "Secret"},
		{"empty tag", "secret:"},
		{"two tags", "secret:a:b"},
		{"long tag", "secret:" + strings.Repeat("a", 129)},
		{"tag with a dash first", "secret:-a"},
		{"empty digest", "secret@"},
		{"short digest", "secret@sha256:" + hex64[:63]},
		{"long digest", "secret@" + sha256 + "0"},
		{"digest in capitals", "secret@sha256:" + strings.ToUpper(hex64)},
		{"algorithm in capitals", "secret@SHA256:" + hex64},
		{"md5", "secret@md5:" + hex64[:32]},
		{"unknown algorithm", "secret@sha3:" + hex64},
		{"sha384", "secret@sha384:" + hex128[:96]},
		{"sha512 too short", "secret@sha512:" + hex64},
		{"two digests", "secret@" + sha256 + "@" + sha256},
		{"digest before tag", "secret@" + sha256 + ":tag"},
		{"long path", "secret.example/" + strings.Repeat("a", 256)},
		{"long path of the Hub", "DOCKER.IO/" + strings.Repeat("a", 250)},
		{"over 1 KiB", strings.Repeat("a", 1020) + ".secret.example/x"},
		{"4 KiB", strings.Repeat("secret/", 600) + "x"},
		{"a list", "secret,other"},
		{"two lines of two keys", "secret\nother"},
	} {
		image, err := provider.ParseImage(tc.written)
		if err == nil || image != (provider.Image{}) {
			t.Errorf("%s: ParseImage(%q) = %q, %v; want an error", tc.name, tc.written, image, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, "secret") || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("%s: the error repeats the reference or is more than a line: %q", tc.name, text)
		}
	}
}

// What a container runtime takes for an image ID, or for the first digits of one,
// is no reference: it runs any image on the node by it.
func TestAnImageIDIsNoReference(t *testing.T) {
	var ids []string
	for _, algorithm := range []string{"sha256:", "sha384:", "sha512:"} {
		for digits := 0; digits <= 128; digits++ {
			ids = append(ids, algorithm+hex128[:digits])
		}
		ids = append(ids, algorithm+"e", algorithm+"DEAD", algorithm+"12@"+sha256, algorithm+hex64+"@"+sha512, algorithm+hex128+"0")
	}
	for _, written := range append(ids, hex64, strings.ToUpper(hex64)) {
		if image, err := provider.ParseImage(written); err == nil {
			t.Errorf("ParseImage(%q) = %q; want an error", written, image)
		}
	}
}

// A name that only looks like an ID is none: no runtime finds an image by it.
func TestWhatLooksLikeAnImageIDIsAReference(t *testing.T) {
	for _, tc := range []struct{ written, want string }{
		{"registry.example/sha256:1", "registry.example/sha256:1"},
		{"docker.io/library/sha256:1", "docker.io/library/sha256:1"},
		{"library/sha256:1", "docker.io/library/sha256:1"},
		{"x/sha256:" + hex64, "docker.io/x/sha256:" + hex64},
		{"localhost:5000/sha256:1", "localhost:5000/sha256:1"},
		{"sha256x:1", "docker.io/library/sha256x:1"},
		{"sha25:1", "docker.io/library/sha25:1"},
		{"xsha256:1", "docker.io/library/xsha256:1"},
		{"sha256:latest", "docker.io/library/sha256:latest"},
		{"sha256:12.0", "docker.io/library/sha256:12.0"},
		{"sha256", "docker.io/library/sha256:latest"},
		{"sha256@" + sha256, "docker.io/library/sha256@" + sha256},
		{"deadbeef", "docker.io/library/deadbeef:latest"},
		{hex64[:63], "docker.io/library/" + hex64[:63] + ":latest"},
		{hex64 + "0", "docker.io/library/" + hex64 + "0:latest"},
		{hex64 + ":1", "docker.io/library/" + hex64 + ":1"},
		{"registry.example/" + hex64, "registry.example/" + hex64 + ":latest"},
		{"sha256/0123456789ab", "docker.io/sha256/0123456789ab:latest"},
		{"localhost:0443", "docker.io/library/localhost:0443"}, // a tag
		{"registry.example/x:0443", "registry.example/x:0443"},
		{"[::0443]/x", "[::0443]/x:latest"}, // a part of the address
		{"registry.example:443/sha256:1", "registry.example/sha256:1"},
	} {
		image, err := provider.ParseImage(tc.written)
		if err != nil || image.String() != tc.want {
			t.Errorf("ParseImage(%q) = %q, %v; want %q", tc.written, image, err, tc.want)
		}
	}
}

// Each part that can be wrong is named, and each rule is about some reference.
func TestAMalformedReferenceNamesTheWrongPart(t *testing.T) {
	named := map[string]bool{}
	for _, tc := range []struct{ written, want string }{
		{strings.Repeat("a", 1025), "longer than 1024"},
		{"", "empty"},
		{"x y", "space or a line break"},
		{"https://harbor.skao.int/x", "scheme"},
		{"harbor.skao.int/x?y", "character in it"},
		{sha256, "image ID"},
		{"sha256:12", "part of one"},
		{"x@sha256:" + hex64[:63], "is not a digest"},
		{"x@sha256:" + strings.ToUpper(hex64), "is not a digest"},
		{"x@md5:" + hex64[:32], "is not a digest"},
		{"x@sha384:" + hex128[:96], "is not a digest"},
		{"user@harbor.skao.int/x", "is not a digest"},
		{"harbor.skao.int//x", "beside a slash, is empty"},
		{"harbor.skao.int/", "beside a slash, is empty"},
		{"postgres:16:1", "is not a tag"},
		{"localhost:5000/x:", "is not a tag"},
		{"x:" + strings.Repeat("t", 129), "is not a tag"},
		{"Harbor/Tango", "has capitals"},
		{"harbor.skao.int/Production/x", "has capitals"},
		{"harbor.skao.int:0443/x", "the port"},
		{"harbor.skao.int:65536/x", "the port"},
		{"[::1]:0/x", "the port"},
		{"harbor.skao.int./x", "before the first slash"},
		{"a_b:443/x", "before the first slash"},
		{"[::1/x", "before the first slash"},
		{"harbor.skao.int/../x", "a part of the path has something else"},
		{"a___b", "a part of the path has something else"},
		{"harbor/x/" + strings.Repeat("a", 255), "255"},
		{"DOCKER.IO/" + strings.Repeat("a", 250), "255"},
	} {
		_, err := provider.ParseImage(tc.written)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("ParseImage(%q): %v; want it to tell of %q", tc.written, err, tc.want)
			continue
		}
		named[err.Error()] = true
	}
	for _, rule := range provider.NameRules() {
		if !named[rule.Problem] {
			t.Errorf("no reference here has this problem: %s", rule.Problem)
		}
	}
}

func TestTheLongestReferenceIsRead(t *testing.T) {
	// 1 KiB exactly: 255 of path, 128 of tag, the digest, and the rest of host.
	rest := "/" + strings.Repeat("a", 255) + ":" + strings.Repeat("t", 128) + "@" + sha512
	host := strings.Repeat("h", provider.MaxImageBytes-len(rest)-len(".int")) + ".int"
	if image, err := provider.ParseImage(host + rest); err != nil || image.String() != host+rest {
		t.Errorf("ParseImage of 1 KiB = %q, %v", image, err)
	}
	if _, err := provider.ParseImage("h" + host + rest); err == nil {
		t.Error("a reference of 1 KiB and a byte is read")
	}
}

func TestTheSameImageByManyNamesIsOneImage(t *testing.T) {
	want, err := provider.ParseImage("docker.io/library/postgres:latest")
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{"postgres", "DOCKER.IO/postgres", "docker.io:443/library/postgres", "Index.Docker.Io:443/postgres:latest"} {
		if image, err := provider.ParseImage(written); err != nil || image != want {
			t.Errorf("ParseImage(%q) = %#v, %v; want %#v", written, image, err, want)
		}
	}
}

func TestAnImageTellsItsParts(t *testing.T) {
	image, err := provider.ParseImage("Harbor.skao.int:443/production/ska:1.2@" + sha256)
	if err != nil {
		t.Fatal(err)
	}
	want := provider.Image{Host: "harbor.skao.int", Repository: "harbor.skao.int/production/ska", Tag: "1.2", Digest: sha256}
	if image != want {
		t.Errorf("ParseImage = %#v; want %#v", image, want)
	}
	if got := image.Path(); got != "production/ska" {
		t.Errorf("Path = %q", got)
	}
	if got := image.Reference(); got != sha256 {
		t.Errorf("Reference = %q; the digest wins over the tag", got)
	}
	if got := (provider.Image{Tag: "1.2"}).Reference(); got != "1.2" {
		t.Errorf("Reference of a tag = %q", got)
	}
	if got := image.At(sha512).String(); got != "harbor.skao.int/production/ska@"+sha512 {
		t.Errorf("At = %q; want no tag, and the digest given", got)
	}
}

// grammar is what ParseImage must say, told once more from the documented
// differences and from the grammar's own functions.
func grammar(written string) (provider.Image, bool) {
	if len(written) > 1024 || isImageID(written) {
		return provider.Image{}, false
	}
	named, err := reference.ParseNormalizedNamed(written)
	if err != nil {
		return provider.Image{}, false
	}
	named = reference.TagNameOnly(named)
	host, path := strings.ToLower(reference.Domain(named)), reference.Path(named)
	if host == "" { // a host that the grammar takes for a path, and runtimes dial
		host, path, _ = strings.Cut(named.Name(), "/")
	}
	host = strings.TrimSuffix(host, ":443")
	if host == "docker.io" || host == "index.docker.io" { // an alias is one however it is written
		host = "docker.io"
		if !strings.Contains(path, "/") {
			path = "library/" + path
		}
	}
	image := provider.Image{Host: host, Repository: host + "/" + path}
	if tagged, ok := named.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		image.Digest = digested.Digest()
	}
	sha384 := image.Digest != "" && image.Digest.Algorithm() == digest.SHA384
	return image, len(path) <= 255 && !sha384 && isDialled(reference.Domain(named))
}

// isImageID is the rule about IDs, told once more.
func isImageID(written string) bool {
	digits, _, digested := strings.Cut(written, "@")
	algorithm, digits, ok := strings.Cut(digits, ":")
	if !ok {
		algorithm, digits = "", algorithm
	}
	switch {
	case strings.Trim(digits, "0123456789abcdefABCDEF") != "":
		return false
	case algorithm == "":
		return !digested && !ok && len(digits) == 64
	}
	return slices.Contains([]string{"sha256", "sha384", "sha512"}, algorithm)
}

// isDialled is the rule about ports, told once more.
func isDialled(host string) bool {
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		return true
	}
	number, err := strconv.Atoi(port)
	return err == nil && number > 0 && number <= 65535 && strconv.Itoa(number) == port
}

func FuzzImageAgreesWithTheReferenceGrammar(f *testing.F) {
	for _, seed := range []string{
		"", "postgres", "postgres:16", "user/app", "docker.io/x", "INDEX.docker.io:443/x", "localhost/x", "Localhost:443/x",
		"harbor.skao.int/production/ska:1.2@" + sha256, "HARBOR.skao.int:443/a/b", "h.example:0443/x", "h.example:443:443/x",
		"[::1]:443/x", "[::443]/x", "[ABCD]:443/x", "[::ffff:127.0.0.1]/x", "Foo/bar", "foo:443/bar", "foo:443", "a.b./x", "x@" + sha512,
		"x@sha384:" + hex128[:96], "x@md5:" + hex64[:32], sha256, sha256 + "@" + sha256, "sha256:12", "sha256:12x", "h.example:65536/x", "sha512:" + hex128, hex64, "sha256:" + strings.ToUpper(hex64),
		"https://x/y", "user:pw@host/x", "../x", "x\n", "x\x00", " x", "x//y", "secret\u212a.example/x", "a__b/c--d/e.f_g",
		"harbor_skao.int/production/app:1", "a_b.c/x", "a_b.c/a_b.c/x", "h.example/h.example/x",
		"DOCKER.IO/" + strings.Repeat("a", 250), "docker.io/" + strings.Repeat("a/", 120) + "b", strings.Repeat("a", 1025),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		image, err := provider.ParseImage(written)
		want, ok := grammar(written)
		if ok != (err == nil) || ok && image != want {
			t.Fatalf("ParseImage(%q) = %#v, %v; the grammar says %#v, %v", written, image, err, want, ok)
		}
		if err != nil {
			return
		}
		again, err := provider.ParseImage(image.String())
		// What was a host only by its capitals or port is not one in canonical form.
		host := image.Host == "localhost" || strings.ContainsAny(image.Host, ".:")
		if host && len(image.String()) <= provider.MaxImageBytes && (err != nil || again != image) {
			t.Fatalf("ParseImage(%q) is not stable: %q became %q, %v", written, image, again, err)
		}
		if image.Digest != "" {
			return
		}
		pinned, err := provider.ParseImage(written + "@" + sha256)
		image.Digest = sha256
		if !strings.Contains(lastOf(written), ":") { // "latest" was understood, not written
			image.Tag = ""
		}
		if len(written+sha256) < provider.MaxImageBytes && (err != nil || pinned != image) {
			t.Fatalf("%q pinned is %#v, %v; want %#v", written, pinned, err, image)
		}
	})
}

// lastOf is what follows the host and path, the last name and its tag.
func lastOf(written string) string { return written[strings.LastIndex(written, "/")+1:] }
