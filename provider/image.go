package provider

import (
	_ "crypto/sha256" // go-digest finds its algorithms among the linked ones
	_ "crypto/sha512"
	"regexp"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// MaxImageBytes bounds an image reference as asked for, in bytes. The longest
// reference that the grammar allows is far shorter.
const MaxImageBytes = 1 << 10

// Image is an image reference, read the way the kubelet reads it: a name with
// neither host nor path is one of Docker Hub's, a missing tag is "latest", a
// digest wins over a tag. Two references that mean one image have one Image,
// but for Tag beside a Digest, which is kept for display only.
//
// The grammar is that of github.com/distribution/reference, which container
// runtimes use, with a few differences: the host is lower-cased, its default
// port ":443" is dropped, a first part with an underscore is a host where a dot or
// port says so, and an image ID, whole or in part, a port with leading zeros or
// beyond 65535, a digest of another algorithm than SHA-256 and SHA-512, and
// anything over MaxImageBytes are no references.
type Image struct {
	// Host is the registry the image's name belongs to: host[:port].
	Host string
	// Repository is Host and path, the form that registry scopes are written in.
	Repository string
	// Tag is "" where the reference has a digest and no tag.
	Tag string
	// Digest is "" where only a tag is known.
	Digest digest.Digest
	// Conditions are those of the question about the image, in their one spelling; see [ParseQuestion]. "" where it has none.
	Conditions string
}

// imageID is an image ID, whole or its first digits. The reference grammar reads it
// as a tag of a repository called "sha256"; containerd, where it has no such tag,
// runs the image on the node whose ID begins so. SECURITY.md has the source. The
// algorithms are those of the runtimes' digest library, and the digits may be
// capitals, although no runtime known takes them.
var imageID = regexp.MustCompile(imageIDPattern)

const imageIDPattern = `^(?:sha(?:256|384|512):[0-9a-fA-F]*(?:@|$)|[0-9a-fA-F]{64}$)`

// ParseImage reads an image reference. Its errors are one line, say which part of the
// reference is wrong (see [NameRules]), and never repeat the reference.
func ParseImage(written string) (Image, error) {
	if len(written) > MaxImageBytes || imageID.MatchString(written) {
		return Image{}, problemOf(written)
	}
	named, host, path, err := parseCanonical(written)
	if err != nil || !isPort(named) {
		return Image{}, problemOf(written)
	}
	image := Image{Host: host, Repository: host + "/" + path}
	if tagged, ok := named.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		image.Digest = digested.Digest()
	}
	if image.Tag == "" && image.Digest == "" {
		image.Tag = "latest"
	}
	if d := image.Digest; d != "" && d.Algorithm() != digest.SHA256 && d.Algorithm() != digest.SHA512 {
		return Image{}, problemOf(written)
	}
	return image, nil
}

// parseCanonical parses with the host already in its canonical form, so that
// what the grammar says of Docker Hub's names holds however its host is written.
func parseCanonical(written string) (named reference.Named, host, path string, err error) {
	if named, err = reference.ParseNormalizedNamed(written); err != nil {
		return nil, "", "", err
	}
	domain := reference.Domain(named)
	if domain == "" {
		// The grammar allows an underscore in a path and not in a host, and takes the
		// whole for a path. Container runtimes dial the first part all the same.
		host, path, _ = strings.Cut(named.Name(), "/")
		return named, host, path, nil
	}
	host = strings.TrimSuffix(strings.ToLower(domain), ":443")
	if host == domain || !isHost(host) {
		return named, host, reference.Path(named), nil
	}
	named, err = reference.ParseNormalizedNamed(host + named.String()[len(domain):])
	if err != nil {
		return nil, "", "", err
	}
	return named, reference.Domain(named), reference.Path(named), nil
}

// isPort tells whether the port of a reference, if it has one, is a port that can be
// dialled, and in its only spelling: with a zero before it, it is the same port by
// another name, which no registry scope and no pattern matches.
func isPort(named reference.Named) bool {
	domain := reference.Domain(named)
	colon := strings.LastIndexByte(domain, ':')
	if colon < 0 || strings.HasSuffix(domain, "]") { // or the colon is one of an IPv6 address
		return true
	}
	port := domain[colon+1:]
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0 && port[0] != '0'
}

// isHost tells whether the grammar takes a first component for a host. Else it
// was one only by its capitals or its port, and must not be parsed again: it
// would become the first part of one of Docker Hub's paths.
func isHost(component string) bool {
	return component == "localhost" || strings.ContainsAny(component, ".:")
}

// At returns the image at a digest: same repository, no tag, no conditions.
func (i Image) At(d digest.Digest) Image {
	return Image{Host: i.Host, Repository: i.Repository, Digest: d}
}

// Path is the repository without its host, as a registry's API wants it.
func (i Image) Path() string { return strings.TrimPrefix(i.Repository, i.Host+"/") }

// Reference is what a registry is asked for: the digest, else the tag.
func (i Image) Reference() string {
	if i.Digest != "" {
		return i.Digest.String()
	}
	return i.Tag
}

// String is the canonical form: repository[:tag][@digest].
func (i Image) String() string {
	var b strings.Builder
	b.WriteString(i.Repository)
	if i.Tag != "" {
		b.WriteString(":" + i.Tag)
	}
	if i.Digest != "" {
		b.WriteString("@" + i.Digest.String())
	}
	return b.String()
}
