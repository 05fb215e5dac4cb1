package signatures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
)

// Open opens an image by the flags, and warns of those that are dangerous.
func Open(c *cobra.Command, options *images.Options, reference string) (*images.Image, error) {
	if options.Timeout < time.Second {
		return nil, cli.UsageError("--timeout %s: a request takes a second at least", options.Timeout)
	}
	image, err := options.Open(reference)
	if errors.Is(err, images.ErrReference) {
		return nil, cli.UsageError("%w", err)
	}
	if err == nil && options.PlainHTTPUnsafe {
		cli.Note(c, "note: --plain-http-unsafe: a man in the middle can change what %s answers", image.Name.Host)
	}
	return image, err
}

// List lists an image's signatures. If the registry may have others, it returns those it listed with
// [images.ErrIncomplete].
func List(ctx context.Context, image *images.Image) (Listing, error) {
	found, err := image.Signatures(ctx)
	if err != nil && !errors.Is(err, images.ErrIncomplete) {
		return Listing{}, err
	}
	listed := newListing(ctx, image, found)
	if ctx.Err() != nil {
		return Listing{}, fmt.Errorf("listing the signatures of %s: interrupted", image.Pinned())
	}
	return listed, err
}

// Listing is an image's signatures: in JSON, the list alone.
type Listing struct {
	image      string
	signatures []Info
}

func newListing(ctx context.Context, image *images.Image, found []images.Signature) Listing {
	l := Listing{image: image.Pinned(), signatures: []Info{}} // an empty list is no null
	target, _ := image.Resolve(ctx)                           // it was, or nothing was found
	for _, s := range found {
		if ctx.Err() != nil {
			break
		}
		l.signatures = append(l.signatures, NewInfo(s, target))
	}
	return l
}

// MarshalJSON implements json.Marshaler.
func (l Listing) MarshalJSON() ([]byte, error) { return json.Marshal(l.signatures) }

// Text is the list for people.
func (l Listing) Text() string {
	if len(l.signatures) == 0 {
		return fmt.Sprintf("%s has no signatures\n", l.image)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (nothing is verified)\n", l.image)
	for _, s := range l.signatures {
		b.WriteString(s.Text())
	}
	return b.String()
}
