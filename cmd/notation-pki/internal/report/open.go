package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
)

// Open reads a file, a folder or, if there is none of that name, the signatures on an image.
func Open(ctx context.Context, registry *images.Options, what string) (*inventory.Files, error) {
	files, err := inventory.Read(what)
	if !errors.Is(err, fs.ErrNotExist) || looksLikePath(what) {
		return files, err
	}
	if host, _, named := strings.Cut(what, "/"); !named || host != "localhost" && !strings.ContainsAny(host, ".:") {
		return nil, fmt.Errorf("there is no file or folder %q; an image is named with its registry, such as harbor.skao.int/production/app:1.0", what)
	}
	image, err := registry.Open(what)
	if err == nil {
		files, err = readImage(ctx, image)
	}
	if err != nil {
		return nil, fmt.Errorf("there is no file or folder %q, and as an image: %w", what, err)
	}
	return files, nil
}

// looksLikePath reports what cannot be an image: a typing error should not wait for a registry.
func looksLikePath(what string) bool {
	if _, err := os.Lstat(what); err == nil {
		return true // a symlink to nothing
	}
	return filepath.IsAbs(what) || strings.HasPrefix(what, ".") || strings.HasSuffix(what, ".pem") || strings.HasSuffix(what, "/")
}

func readImage(ctx context.Context, image *images.Image) (*inventory.Files, error) {
	if _, err := image.Resolve(ctx); err != nil {
		return nil, err
	}
	signatures, err := image.Signatures(ctx)
	if err != nil && !errors.Is(err, images.ErrIncomplete) {
		return nil, err
	}
	if len(signatures) == 0 {
		return nil, fmt.Errorf("%s has no notation signature", image.Pinned())
	}
	files := inventory.NewFiles()
	if err != nil {
		files.AddFailure(image.Pinned(), err)
	}
	for _, s := range signatures {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading the signatures of %s: interrupted", image.Pinned())
		}
		source := "signature " + s.Manifest.Digest.String()
		if s.Err != nil {
			files.AddFailure(source, s.Err)
			continue
		}
		files.AddSignature(source, s.MediaType, s.Envelope)
	}
	return files, nil
}
