// Package bench has no code of its own. Its benchmarks measure what notation-provider costs above what its job costs at
// least: impl=floor and impl=ours stand side by side. make bench runs the two in turn, round by round, so that a busy
// machine slows both, and benchstat compares the medians. A ratio of 1.30 is the limit that we set ourselves for what
// a client waits for. Nothing fails above it: a benchmark informs.
//
//	Warm   ours: the real server over mutual TLS, which remembers every image. floor: a process with the same listener,
//	       whose handler decodes the request and encodes the same answer, byte for byte.
//	Cold   ours: registry and verifier in this process; the tag is resolved and the digest verified, as for an image
//	       without an entry in the cache. floor: notation.Verify with notation-go's own verifier and repository.
//	Start  from exec to the first 200 of /readyz, and the resident memory then.
package bench

import (
	"fmt"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// binaries are the two servers.
var binaries rig.Binaries

func TestMain(m *testing.M) { binaries.Main(m) }

// remember makes what the server knows hold longer than a run lasts, so that it asks no registry meanwhile.
func remember(c *config.Config) {
	c.Cache.Tags, c.Cache.Verified = config.Duration(time.Hour), config.Duration(time.Hour)
}

// pushSigned pushes signed images, each into a repository of its own.
func pushSigned(w *rig.Test, registry *rig.Registry, number int, signature rig.Signature) []rig.Image {
	var images []rig.Image
	for i := range number {
		image := w.PushImage(registry, fmt.Sprintf("production/ska-tango-%d", i), "1.0")
		w.Sign(image, signature)
		images = append(images, image)
	}
	return images
}

// sides are the binaries to compare, the floor first: benchstat takes the first for the base.
func sides(b *testing.B) []struct{ impl, binary string } {
	b.Helper()
	return []struct{ impl, binary string }{
		{"floor", rig.Must(binaries.Command("floor"))(b)},
		{"ours", rig.Must(binaries.Command("notation-provider"))(b)},
	}
}

func BenchmarkStart(b *testing.B) {
	w := rig.ForTest(b)
	for _, side := range sides(b) {
		b.Run("impl="+side.impl, func(b *testing.B) {
			dir := b.TempDir()
			var memory float64
			for b.Loop() {
				p := rig.Must(w.Env.Provider(b.Context(), rig.ProviderOptions{Binary: side.binary, Dir: dir}))(b)
				if status, body, err := p.Admin(b.Context(), "/readyz"); err != nil || status != 200 {
					b.Fatalf("not ready: %d %s: %v", status, body, err)
				}
				b.StopTimer()
				memory += rig.Must(p.Metric(b.Context(), "process_resident_memory_bytes"))(b)
				if err := p.Kill(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(memory/float64(b.N), "rss-bytes")
		})
	}
}
