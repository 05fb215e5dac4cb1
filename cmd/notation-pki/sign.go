package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	corerevocation "github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/tspclient-go"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// signing is a command line that asks for a signature.
type signing struct {
	*cobra.Command

	output     *output
	pki        layout.Folder
	passphrase *passphrase
	registry   *images.Options

	signer, format              string
	timestampURL, timestampRoot string
	metadata                    []string
	expiry                      duration

	// What check reads in them.
	mediaType, timestampHost string
	userMetadata             map[string]string
}

// newSign makes the verb sign.
func newSign() *cobra.Command {
	c := &cobra.Command{
		Use:   "sign IMAGE",
		Short: "Sign an image in its registry, where notation is not installed",
		Long: `Signs an image in its registry as notation does, with a signer of this PKI. It is for
development and for tests, where notation is not installed: in pipelines use notation.

The image is signed by the digest that the registry answers. Before anything is pushed,
the signer's chain is checked and the registry is asked for the signatures that are there;
afterwards it is asked for the new one, and success is told only if it is listed. The last
line of the output is the image that was signed, by digest.

A signature without a timestamp holds no longer than the signer's certificate, and where a
trust policy names a tsa trust store, not at all unless it says otherwise. Take one from a
timestamp authority (RFC 3161) by --timestamp-url, with the authority's root, which belongs
into that store. Whether the authority's certificates are revoked is asked as notation asks
it: one that cannot be asked about fails the signing.

How a signature is listed beside its image is what --referrers says. auto lets the registry
decide: if it answers the push by the OCI-Subject header, it lists the signature itself, in
its referrers API; if not, an index under a tag made of the image's digest (the tag schema)
is pushed too. Where two sign one image at the same time, that index may lose one of the
signatures; the loser is told, and signs again.`,
		Example: `  notation-pki sign harbor.skao.int/staging/ska-tango-images:1.2.3

  # Timestamped, so that it holds when the signer's certificate has ended:
  notation-pki sign harbor.skao.int/staging/ska-tango-images:1.2.3 \
    --timestamp-url http://timestamp.digicert.com --timestamp-root DigiCertTrustedRootG4.crt.pem

  # For thirty days, and with something to look for in it:
  notation-pki sign harbor.skao.int/staging/ska-tango-images:1.2.3 --expiry 30d --user-metadata pipeline=4711`,
		Args: oneArg,
	}
	s := &signing{Command: c, output: addOutput(c), registry: images.AddFlags(c.Flags())}
	flags := c.Flags()
	addDir(c, &s.pki)
	flags.StringVar(&s.signer, "signer", "signer", "`NAME[/GENERATION]` of the certificate to sign with; without a number its newest")
	flags.StringVar(&s.format, "signature-format", "jws", "jws or cose")
	flags.StringVar(&s.timestampURL, "timestamp-url", "", "`URL` of the timestamp authority to ask; goes with --timestamp-root")
	flags.StringVar(&s.timestampRoot, "timestamp-root", "", "`FILE` with the root certificate of the timestamp authority")
	flags.StringArrayVar(&s.metadata, "user-metadata", nil, "`KEY=VALUE` to sign along; may be given again")
	flags.Var(&s.expiry, "expiry", "how long the signature holds, such as 30d or 720h; without it, it has no end of its own")
	s.passphrase = addPassphrase(c, "", "the signer's key")
	c.RunE = func(_ *cobra.Command, args []string) error { return s.run(args[0]) }
	return c
}

func (s *signing) run(reference string) error {
	if err := s.check(); err != nil {
		return err
	}
	image, err := openImage(s.Command, s.registry, reference)
	if err != nil {
		return err
	}
	identity, err := s.identity()
	if err != nil {
		return err
	}
	if err := s.resolve(image); err != nil {
		return err
	}
	target, err := image.Target(func() { note(s.Command, "pushing the signature to %s", image.Name.Host) })
	if err != nil {
		return err
	}
	if err := s.sign(image, target, identity); err != nil {
		return err
	}
	return s.confirm(image, target)
}

// check reads the flags, before anybody is asked for anything.
func (s *signing) check() error {
	formats := map[string]string{"jws": ca.JWS, "cose": ca.COSE}
	if s.mediaType = formats[s.format]; s.mediaType == "" {
		return usageError("--signature-format %q is neither jws nor cose", s.format)
	}
	if e := time.Duration(s.expiry); s.Flags().Changed("expiry") && (e < time.Second || e%time.Second != 0) {
		return usageError("--expiry %s: a signature holds for whole seconds, one at least", e)
	}
	return errors.Join(s.output.check(), s.checkTimestamp(), s.readMetadata())
}

func (s *signing) checkTimestamp() error {
	if (s.timestampURL == "") != (s.timestampRoot == "") {
		return usageError("--timestamp-url and --timestamp-root go together: a timestamp that leads to no known root is worth nothing")
	}
	if s.timestampURL == "" {
		return nil
	}
	u, err := url.Parse(s.timestampURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageError("--timestamp-url %q is no http:// or https:// URL", s.timestampURL)
	}
	s.timestampHost = u.Host
	return nil
}

// reservedMetadata begins the keys that the Notary Project keeps for itself.
const reservedMetadata = "io.cncf.notary"

func (s *signing) readMetadata() error {
	s.userMetadata = map[string]string{}
	for _, pair := range s.metadata {
		key, value, ok := strings.Cut(pair, "=")
		switch _, twice := s.userMetadata[key]; {
		case !ok || key == "":
			return usageError("--user-metadata %q is not KEY=VALUE", pair)
		case twice:
			return usageError("--user-metadata %s is there twice", key)
		case strings.HasPrefix(key, reservedMetadata):
			return usageError("--user-metadata %s: keys that begin with %s are the Notary Project's own", key, reservedMetadata)
		}
		s.userMetadata[key] = value
	}
	return nil
}

// identity unlocks the signer, once its chain is known to be worth it.
func (s *signing) identity() (*ca.Identity, error) {
	from, err := s.pki.Find(s.signer)
	if err != nil {
		return nil, err
	}
	chain, err := from.Chain()
	if err != nil {
		return nil, err
	}
	if err := fitToSign(from, chain, time.Now()); err != nil {
		return nil, err
	}
	if err := refuseRevoked(s.pki, from, "sign with"); err != nil {
		return nil, err
	}
	if s.timestampURL == "" {
		note(s.Command, "note: without a timestamp the signature holds no longer than its signer, until %s", ends(chain).Format(time.DateOnly))
	}
	s.passphrase.of = from.String()
	return from.Identity(s.passphrase.get)
}

// refuseRevoked goes by the lists in the PKI folder: what comes of a revoked certificate is refused everywhere else.
func refuseRevoked(in layout.Folder, from layout.Generation, to string) error {
	revoked, err := whyRevoked(in, from)
	if err == nil && revoked != "" {
		err = fmt.Errorf("%s; %s another generation", revoked, to)
	}
	return err
}

// whyRevoked tells which certificate of a chain is revoked; nothing if none is.
func whyRevoked(in layout.Folder, from layout.Generation) (string, error) {
	chain, err := from.Chain()
	if err != nil {
		return "", err
	}
	for i, cert := range chain[:len(chain)-1] {
		entry, err := in.Revoked(cert, chain[i+1])
		if err != nil {
			return "", err
		}
		if entry != nil {
			return fmt.Sprintf("%s, of the chain of %s, was revoked at %s (%s)",
				printable.Quote(cert.Subject), from, moment(entry.RevocationTime.UTC()), ca.ReasonOf(entry.ReasonCode)), nil
		}
	}
	return "", nil
}

// ends is when the first certificate of a chain does.
func ends(chain []*x509.Certificate) time.Time {
	first := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	return first.NotAfter
}

// fitToSign refuses a chain that no verifier would take, since whoever signs with it learns so at the next admission.
func fitToSign(from layout.Generation, chain []*x509.Certificate, now time.Time) error {
	if role := rules.RoleOf(chain[0]); role != rules.RoleSigner {
		return fmt.Errorf("%s is a certificate for another use (%s) and cannot sign images; name a signer by --signer", from, role)
	}
	for i, cert := range chain {
		switch {
		case now.Before(cert.NotBefore):
			return fmt.Errorf("%s does not hold before %s; see whether the clock of this machine is right", printable.Quote(cert.Subject), moment(cert.NotBefore.UTC()))
		case now.After(cert.NotAfter) && i == 0:
			return fmt.Errorf("%s ended at %s; make its next generation by notation-pki signer --rotate, or name another by --signer", from, moment(cert.NotAfter.UTC()))
		case now.After(cert.NotAfter):
			return fmt.Errorf("%s, above %s, ended at %s; make its next generation by --rotate, and a signer below that one", printable.Quote(cert.Subject), from, moment(cert.NotAfter.UTC()))
		}
	}
	if broken := rules.Violations(chain); len(broken) > 0 {
		return fmt.Errorf("no verifier would take what %s signs: its chain, or one certificate of it, %s", from, broken[0].Text)
	}
	return nil
}

// resolve finds what the image's name stands for, and makes sure that its signatures can be listed: else nobody could tell
// afterwards whether the new one is there.
func (s *signing) resolve(image *images.Image) error {
	note(s.Command, "resolving %s", image.Name)
	if _, err := image.Resolve(s.Context()); err != nil {
		return err
	}
	if image.Name.Digest == "" {
		note(s.Command, "note: %s is a tag, which may move; what is signed is %s", image.Name, image.Pinned())
	}
	_, err := image.Manifests(s.Context())
	if errors.Is(err, images.ErrIncomplete) { // whether the new one is found is seen afterwards
		note(s.Command, "note: %v", err)
		return nil
	}
	return err
}

func (s *signing) sign(image *images.Image, target *images.Target, identity *ca.Identity) error {
	options, err := s.options()
	if err != nil {
		return err
	}
	by, err := signer.NewGenericSigner(identity.Key, identity.Chain)
	if err != nil {
		return fmt.Errorf("signing with %s: %w", identity.Cert.Subject, err)
	}
	note(s.Command, "signing as %s", identity.Cert.Subject)
	_, err = notation.Sign(s.Context(), by, target, notation.SignOptions{
		SignerSignOptions: options,
		ArtifactReference: image.Name.Reference(),
		UserMetadata:      s.userMetadata,
	})
	switch {
	case target.Err != nil:
		return target.Err
	case errors.Is(s.Context().Err(), context.Canceled):
		return fmt.Errorf("signing %s: interrupted; nothing was pushed", image.Pinned())
	case err != nil:
		return fmt.Errorf("signing %s: %s%s", image.Pinned(), printable.Text(err.Error()), s.timestampHint(err))
	}
	return nil
}

func (s *signing) timestampHint(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("; %s does not hold the root of %s", s.timestampRoot, s.timestampHost)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "; try again, or give it longer by --timeout"
	}
	return ""
}

func (s *signing) options() (notation.SignerSignOptions, error) {
	options := notation.SignerSignOptions{
		SignatureMediaType: s.mediaType,
		ExpiryDuration:     time.Duration(s.expiry),
		SigningAgent:       "notation-pki",
	}
	if s.timestampURL == "" {
		return options, nil
	}
	var err error
	if options.TSARootCAs, err = s.timestampRoots(); err != nil {
		return options, err
	}
	client := images.NewClient(s.registry.Timeout)
	stamper, err := tspclient.NewHTTPTimestamper(client, s.timestampURL)
	if err != nil {
		return options, err
	}
	options.Timestamper = announced{stamper, func() { note(s.Command, "timestamping by %s", s.timestampHost) }}
	fetcher, err := crl.NewHTTPFetcher(client)
	if err != nil {
		return options, err
	}
	options.TSARevocationValidator, err = corerevocation.NewWithOptions(corerevocation.Options{
		OCSPHTTPClient: client, CRLFetcher: fetcher, CertChainPurpose: purpose.Timestamping,
	})
	return options, err
}

func (s *signing) timestampRoots() (*x509.CertPool, error) {
	data, err := readInput(s.Command, s.timestampRoot)
	if err != nil {
		return nil, fmt.Errorf("--timestamp-root: %w", err)
	}
	certs, err := certfile.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("--timestamp-root: %s: %w", s.timestampRoot, err)
	}
	for _, cert := range certs {
		if role := rules.RoleOf(cert); role != rules.RoleRoot {
			return nil, fmt.Errorf("--timestamp-root: %s: %s is no root certificate (%s); give the one that it leads to", s.timestampRoot, printable.Quote(cert.Subject), role)
		}
	}
	return ca.Pool(certs...), nil
}

// announced tells when a timestamp is asked for, and looks at the keys in the answer.
type announced struct {
	tspclient.Timestamper
	tell func()
}

// Timestamp implements tspclient.Timestamper.
func (a announced) Timestamp(ctx context.Context, request *tspclient.Request) (*tspclient.Response, error) {
	a.tell()
	response, err := a.Timestamper.Timestamp(ctx, request)
	if err != nil {
		return nil, err
	}
	// An attacker on the way may answer, and the library computes with each key in the answer.
	if token, err := response.SignedToken(); err == nil {
		if err := keysize.CheckChain(token.Certificates); err != nil {
			return nil, fmt.Errorf("the answer of the timestamp authority: %w", err)
		}
	}
	return response, nil
}

// confirm asks for the signature that was pushed. A registry may take one and not list it, and in the tag schema another
// signer may have written over the list.
func (s *signing) confirm(image *images.Image, target *images.Target) error {
	found, err := image.Find(s.Context(), target.Pushed.Digest)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("the signature was pushed, and nobody looked whether it is there: %w", err)
	}
	if err != nil {
		return fmt.Errorf("the signature was pushed, and cannot be found again; sign once more, or by another --referrers: %w", err)
	}
	descriptor, err := image.Resolve(s.Context())
	if err != nil {
		return err
	}
	info := newSignatureInfo(found, descriptor)
	if info.Error != "" {
		return fmt.Errorf("the signature was pushed, and is broken in the registry: %s", info.Error)
	}
	return s.output.print(s.Command, signed{Image: image.Pinned(), Digest: descriptor.Digest.String(), Signature: info})
}

// signed is the result.
type signed struct {
	Image     string        `json:"image"`
	Digest    string        `json:"digest"`
	Signature signatureInfo `json:"signature"`
}

func (s signed) text() string { return s.Image + "\n" }
