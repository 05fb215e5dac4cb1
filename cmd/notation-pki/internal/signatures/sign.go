package signatures

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Request asks for a signature.
type Request struct {
	// Command is told notes and progress, and its flags say what was set on the command line.
	Command *cobra.Command

	PKI        layout.Folder
	Passphrase *passphrase.Source // of the signer's key
	Registry   *images.Options

	// Signer is "NAME" or "NAME/GENERATION" of the certificate to sign with.
	Signer string

	// Format of the envelope: "jws" or "cose".
	Format string

	// TimestampURL is that of a timestamp authority, and TimestampRoot the file of its root. Both or none are given.
	TimestampURL, TimestampRoot string

	// UserMetadata holds "KEY=VALUE", which is signed too.
	UserMetadata []string

	// Expiry is how long the signature is valid. Default: it does not expire.
	Expiry time.Duration

	// What check reads in them.
	mediaType, timestampHost string
	userMetadata             map[string]string
}

func (r *Request) note(format string, args ...any) { cli.Note(r.Command, format, args...) }

// Run signs the image that a reference names.
func (r *Request) Run(reference string) (Signed, error) {
	if err := r.check(); err != nil {
		return Signed{}, err
	}
	image, err := Open(r.Command, r.Registry, reference)
	if err != nil {
		return Signed{}, err
	}
	identity, err := r.identity()
	if err != nil {
		return Signed{}, err
	}
	if err := r.resolve(image); err != nil {
		return Signed{}, err
	}
	target, err := image.Target(func() { r.note("pushing the signature to %s", image.Name.Host) })
	if err != nil {
		return Signed{}, err
	}
	if err := r.sign(image, target, identity); err != nil {
		return Signed{}, err
	}
	return r.confirm(image, target)
}

// resolve resolves the image's name, and makes sure that its signatures can be listed: the new one is looked for after the
// push.
func (r *Request) resolve(image *images.Image) error {
	r.note("resolving %s", image.Name)
	if _, err := image.Resolve(r.Command.Context()); err != nil {
		return err
	}
	if image.Name.Digest == "" {
		r.note("note: %s is a tag, which may move; what is signed is %s", image.Name, image.Pinned())
	}
	_, err := image.Manifests(r.Command.Context())
	if errors.Is(err, images.ErrIncomplete) { // whether the new one is found is seen afterwards
		r.note("note: %v", err)
		return nil
	}
	return err
}

func (r *Request) sign(image *images.Image, target *images.Target, identity *ca.Identity) error {
	options, err := r.options()
	if err != nil {
		return err
	}
	by, err := signer.NewGenericSigner(identity.Key, identity.Chain)
	if err != nil {
		return fmt.Errorf("signing with %s: %w", identity.Cert.Subject, err)
	}
	r.note("signing as %s", identity.Cert.Subject)
	_, err = notation.Sign(r.Command.Context(), by, target, notation.SignOptions{
		SignerSignOptions: options,
		ArtifactReference: image.Name.Reference(),
		UserMetadata:      r.userMetadata,
	})
	switch {
	case target.Err != nil:
		return target.Err
	case errors.Is(r.Command.Context().Err(), context.Canceled):
		return fmt.Errorf("signing %s: interrupted; nothing was pushed", image.Pinned())
	case err != nil:
		return fmt.Errorf("signing %s: %s%s", image.Pinned(), printable.Text(err.Error()), r.timestampHint(err))
	}
	return nil
}

func (r *Request) timestampHint(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("; %s does not hold the root of %s", r.TimestampRoot, r.timestampHost)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "; try again, or give it longer by --timeout"
	}
	return ""
}

// confirm looks for the signature that was pushed. A registry may accept one and not list it, and in the tag schema another
// signer may have replaced the list.
func (r *Request) confirm(image *images.Image, target *images.Target) (Signed, error) {
	found, err := image.Find(r.Command.Context(), target.Pushed.Digest)
	if errors.Is(err, context.Canceled) {
		return Signed{}, fmt.Errorf("the signature was pushed, and it was not checked whether the registry lists it: %w", err)
	}
	if err != nil {
		return Signed{}, fmt.Errorf("the signature was pushed, and cannot be found again; sign once more, or by another --referrers: %w", err)
	}
	descriptor, err := image.Resolve(r.Command.Context())
	if err != nil {
		return Signed{}, err
	}
	info := NewInfo(found, descriptor)
	if info.Error != "" {
		return Signed{}, fmt.Errorf("the signature was pushed, and is broken in the registry: %s", info.Error)
	}
	return Signed{Image: image.Pinned(), Digest: descriptor.Digest.String(), Signature: info}, nil
}

// Signed is the result of a [Request].
type Signed struct {
	Image     string `json:"image"`
	Digest    string `json:"digest"`
	Signature Info   `json:"signature"`
}

// Text is the image that was signed, by digest.
func (s Signed) Text() string { return s.Image + "\n" }
