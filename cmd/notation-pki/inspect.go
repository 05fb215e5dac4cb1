package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
)

// inspecting is a command line that asks what there is.
type inspecting struct {
	*cobra.Command

	output   *output
	registry *images.Options
	within   duration
}

// newInspect makes the verb inspect.
func newInspect() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect PATH|IMAGE",
		Short: "Show certificates and CRLs as a tree, what ends when, and what is wrong",
		Long: `Shows the certificates and CRLs of a file, of a folder with all below it, or of the
signatures on an image, each below its issuer, with every rule for certificates that it
breaks. A folder may be this tool's PKI, notation's configuration, a trust store, a mounted
volume, or what somebody made with openssl. What is hidden is left out, and what is neither
certificate, CRL nor private key is passed over. No key is opened with a passphrase, and
nothing in a signature is verified.

With --fail-within it fails where a certificate, or the newest CRL of a CA, ends within
that time or has ended, except for what needs no successor any more: a certificate that is
revoked; one that has ended, if a newer generation of it in the PKI folder holds, or if
only a CA's record of it (issued/) is left; and the CRL of a CA that is revoked, or has
ended and issued nothing that says where its CRL is. Of a CRL's time no more than the last third counts, for some are renewed every week. A generation that was rotated is told until it ends,
for what it signed without a timestamp ends with it.

Times are in UTC, and days left are whole days, as notation-provider check counts them.

Exit codes: 0 all is well; 3 there is a problem: a rule is broken, a CRL or key is not as
it should be, or something ends too soon; 1 something cannot be read; 2 usage.`,
		Example: `  # A folder, a file, an image:
  notation-pki inspect skao-pki
  notation-pki inspect skao-pki/signer/1/chain.pem
  notation-pki inspect harbor.skao.int/production/ska-tango-images:1.2.3

  # What the pods of notation-provider trust:
  notation-pki inspect ~/.config/notation/truststore

  # Every day, from cron:
  notation-pki inspect --fail-within 30d -o json skao-pki`,
		Args: oneArg,
	}
	i := &inspecting{Command: c, output: addOutput(c), registry: images.AddFlags(c.Flags())}
	c.Flags().Var(&i.within, "fail-within", "exit with 3 if something ends within `DURATION`, such as 30d or 720h")
	c.RunE = func(_ *cobra.Command, args []string) error { return i.run(args[0]) }
	return c
}

func (i *inspecting) run(what string) error {
	if err := i.output.check(); err != nil {
		return err
	}
	if i.within < 0 {
		return usageError("--fail-within %s is in the past", &i.within)
	}
	files, err := readFiles(i.Context(), i.registry, what)
	if err != nil {
		return err
	}
	now := time.Now()
	found := newInspection(what, files.Build(now), now)
	if i.Flags().Changed("fail-within") {
		found.findEnds(time.Duration(i.within))
	}
	if err := i.output.print(i.Command, found); err != nil {
		return err
	}
	return found.verdict()
}

// readFiles takes for an image whatever is not on the disk.
func readFiles(ctx context.Context, registry *images.Options, what string) (*inventory.Files, error) {
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

// looksLikePath tells what can be no image: nobody should wait for a registry over a typing error.
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
