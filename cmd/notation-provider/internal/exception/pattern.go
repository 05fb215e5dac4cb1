package exception

import (
	"regexp"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Everything is the pattern of every image.
const Everything = "*"

// registryName is the bare name of a registry. The kubelet would take it for one of Docker Hub's images, and people who
// write it mean the registry: so it is no pattern.
var registryName = regexp.MustCompile(`^(?:localhost|[^/:@]*\.[^/:@]*)(?:[:@][^/]*)?$`)

// Canonical returns a pattern in its canonical form; false for what is no pattern.
func Canonical(written string) (string, bool) {
	if written == Everything {
		return Everything, true
	}
	if path, ok := strings.CutSuffix(written, "/*"); ok {
		const below = "a/b"
		probe, err := provider.ParseImage(path + "/" + below)
		return strings.TrimSuffix(probe.Repository, below) + "*", err == nil
	}
	image, err := provider.ParseImage(written)
	if err != nil || registryName.MatchString(written) {
		return "", false
	}
	if image.Digest == "" && image.Tag == "latest" && !strings.HasSuffix(written, ":latest") {
		return image.Repository, true
	}
	return identity(image), true
}

// identity is what a reference stands for: its digest, else its tag.
func identity(image provider.Image) string {
	if image.Digest != "" {
		return image.Repository + "@" + image.Digest.String()
	}
	return image.Repository + ":" + image.Tag
}

// Means tells whether a pattern in canonical form means an image.
func Means(canonical string, image provider.Image) bool {
	if path, ok := strings.CutSuffix(canonical, Everything); ok {
		return strings.HasPrefix(image.Repository, path)
	}
	return canonical == image.Repository || canonical == identity(image)
}

// mayMean tells whether it is not certain that a pattern in canonical form means other images. A digest may be that of any
// tag of its repository, and a tag that of any digest.
func mayMean(canonical string, image provider.Image) bool {
	rest, ofRepository := strings.CutPrefix(canonical, image.Repository)
	byDigest, byTag := strings.HasPrefix(rest, "@"), strings.HasPrefix(rest, ":")
	return Means(canonical, image) || ofRepository && (byDigest && image.Digest == "" || byTag && image.Digest != "")
}
