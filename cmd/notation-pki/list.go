package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/tspclient-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// newList makes the verb list.
func newList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list IMAGE",
		Short: "List the signatures that an image has in its registry",
		Long: `Lists every notation signature of an image, as its registry has them: who says to have
signed, when, until when it holds, who timestamped it and what else it says.

It verifies nothing and trusts nobody: anyone who may push can write all of this. Whether
an image is admitted is for notation-provider verify to say.

--referrers auto asks the referrers API, and the tag schema where the API is missing, lists
nothing or fails.

Exit codes: 0 also where there is no signature, or a broken one; 1 where the registry did
not tell, or told of some and may have others; 2 usage.`,
		Example: `  notation-pki list harbor.skao.int/staging/ska-tango-images:1.2.3
  notation-pki list harbor.skao.int/staging/ska-tango-images:1.2.3 -o json | jq '.[].signer'`,
		Args: oneArg,
	}
	output, options := addOutput(c), images.AddFlags(c.Flags())
	c.RunE = func(_ *cobra.Command, args []string) error {
		if err := output.check(); err != nil {
			return err
		}
		image, err := openImage(c, options, args[0])
		if err != nil {
			return err
		}
		found, err := image.Signatures(c.Context())
		if err != nil && !errors.Is(err, images.ErrIncomplete) {
			return err
		}
		listed := newListing(c.Context(), image, found)
		if c.Context().Err() != nil {
			return fmt.Errorf("listing the signatures of %s: interrupted", image.Pinned())
		}
		return errors.Join(output.print(c, listed), err)
	}
	return c
}

// openImage opens an image by the flags, and tells of those that are dangerous.
func openImage(c *cobra.Command, options *images.Options, reference string) (*images.Image, error) {
	if options.Timeout < time.Second {
		return nil, usageError("--timeout %s: a request takes a second at least", options.Timeout)
	}
	image, err := options.Open(reference)
	if errors.Is(err, images.ErrReference) {
		return nil, usageError("%w", err)
	}
	if err == nil && options.PlainHTTPUnsafe {
		note(c, "note: --plain-http-unsafe: whoever is on the way to %s may change what it says", image.Name.Host)
	}
	return image, err
}

// listing is an image's signatures: in JSON, the list alone.
type listing struct {
	image      string
	signatures []signatureInfo
}

func newListing(ctx context.Context, image *images.Image, found []images.Signature) listing {
	l := listing{image: image.Pinned(), signatures: []signatureInfo{}} // an empty list is no null
	target, _ := image.Resolve(ctx)                                    // it was, or nothing was found
	for _, s := range found {
		if ctx.Err() != nil {
			break
		}
		l.signatures = append(l.signatures, newSignatureInfo(s, target))
	}
	return l
}

// MarshalJSON implements json.Marshaler.
func (l listing) MarshalJSON() ([]byte, error) { return json.Marshal(l.signatures) }

func (l listing) text() string {
	if len(l.signatures) == 0 {
		return fmt.Sprintf("%s has no signatures\n", l.image)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (nothing is verified)\n", l.image)
	for _, s := range l.signatures {
		b.WriteString(s.text())
	}
	return b.String()
}

// signatureInfo is what a signature says of itself.
type signatureInfo struct {
	Manifest     string            `json:"manifest"`
	MediaType    string            `json:"mediaType,omitempty"`
	Signer       string            `json:"signer,omitempty"`
	SignedAt     time.Time         `json:"signedAt,omitzero"`
	Expiry       time.Time         `json:"expiry,omitzero"`
	Timestamp    *timestampInfo    `json:"timestamp,omitempty"`
	UserMetadata map[string]string `json:"userMetadata,omitempty"`
	Error        string            `json:"error,omitempty"`
}

// timestampInfo is what a timestamp says of itself.
type timestampInfo struct {
	Authority string    `json:"authority"`
	Time      time.Time `json:"time"`
}

// newSignatureInfo reads an envelope as far as it can be read. What is wrong with it is part of the answer.
func newSignatureInfo(s images.Signature, target ocispec.Descriptor) signatureInfo {
	info := signatureInfo{Manifest: s.Manifest.Digest.String(), MediaType: s.MediaType}
	err := s.Err
	if err == nil {
		err = info.read(s, target)
	}
	if err != nil {
		info.Error = printable.Text(err.Error())
	}
	return info
}

func (i *signatureInfo) read(s images.Signature, target ocispec.Descriptor) error {
	e, err := unverified.Read(s.MediaType, s.Envelope)
	if err != nil {
		return err
	}
	if e.Err != nil {
		return e.Err
	}
	signer := e.Content.SignerInfo
	if len(signer.CertificateChain) > 0 {
		i.Signer = signer.CertificateChain[0].Subject.String()
	}
	i.SignedAt, i.Expiry = inUTC(signer.SignedAttributes.SigningTime), inUTC(signer.SignedAttributes.Expiry)
	return errors.Join(i.readTimestamp(e, signer.Signature), i.readPayload(e.Content.Payload.Content, target))
}

// inUTC leaves no time what it is: one that was never set has no zone to move to.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func (i *signatureInfo) readPayload(payload []byte, target ocispec.Descriptor) error {
	var said struct {
		TargetArtifact ocispec.Descriptor `json:"targetArtifact"`
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return fmt.Errorf("reading the payload: %w", err)
	}
	i.UserMetadata = said.TargetArtifact.Annotations
	if other := said.TargetArtifact.Digest; other != target.Digest {
		return fmt.Errorf("it signs another image, %s", other)
	}
	return nil
}

func (i *signatureInfo) readTimestamp(e *unverified.Envelope, signature []byte) error {
	if e.StampErr != nil {
		return fmt.Errorf("reading the timestamp: %w", e.StampErr)
	}
	if e.Stamp == nil {
		return nil
	}
	info, err := e.Stamp.Info()
	if err != nil {
		return fmt.Errorf("reading the timestamp: %w", err)
	}
	stamp, err := info.Validate(signature)
	if err != nil {
		return fmt.Errorf("the timestamp is of something else: %w", err)
	}
	i.Timestamp = &timestampInfo{Authority: authority(e.Stamp), Time: stamp.Value.UTC()}
	return nil
}

// authority is who claims to have stamped.
func authority(token *tspclient.SignedToken) string {
	for n := range token.SignerInfos {
		if cert, err := token.SigningCertificate(&token.SignerInfos[n]); err == nil {
			return cert.Subject.String()
		}
	}
	return "unknown: the timestamp lacks its certificate"
}

// format is the envelope's, as --signature-format names it.
func (i signatureInfo) format() string {
	switch i.MediaType {
	case ca.JWS:
		return "jws"
	case ca.COSE:
		return "cose"
	case "":
		return "unreadable"
	}
	return i.MediaType
}

func (i signatureInfo) text() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %-10s  %s\n", name, printable.Text(value))
		}
	}
	fmt.Fprintf(&b, "  %s  %s\n", printable.Text(i.Manifest), printable.Text(i.format()))
	line("error", i.Error)
	line("signer", i.Signer)
	line("signed", moment(i.SignedAt))
	line("expires", moment(i.Expiry))
	if i.Timestamp != nil {
		line("timestamp", moment(i.Timestamp.Time)+" by "+i.Timestamp.Authority)
	}
	for _, key := range slices.Sorted(maps.Keys(i.UserMetadata)) {
		line("metadata", key+"="+i.UserMetadata[key])
	}
	return b.String()
}

// moment is a time as people and scripts read it; nothing where there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
