package signatures

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/tspclient-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Info is what a signature says of itself.
type Info struct {
	Manifest     string            `json:"manifest"`
	MediaType    string            `json:"mediaType,omitempty"`
	Signer       string            `json:"signer,omitempty"`
	SignedAt     time.Time         `json:"signedAt,omitzero"`
	Expiry       time.Time         `json:"expiry,omitzero"`
	Timestamp    *Timestamp        `json:"timestamp,omitempty"`
	UserMetadata map[string]string `json:"userMetadata,omitempty"`
	Error        string            `json:"error,omitempty"`
}

// Timestamp is what a timestamp says of itself.
type Timestamp struct {
	Authority string    `json:"authority"`
	Time      time.Time `json:"time"`
}

// NewInfo reads an envelope as far as it can be read. What is wrong with it is part of the answer.
func NewInfo(s images.Signature, target ocispec.Descriptor) Info {
	info := Info{Manifest: s.Manifest.Digest.String(), MediaType: s.MediaType}
	err := s.Err
	if err == nil {
		err = info.read(s, target)
	}
	if err != nil {
		info.Error = printable.Text(err.Error())
	}
	return info
}

func (i *Info) read(s images.Signature, target ocispec.Descriptor) error {
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

func (i *Info) readPayload(payload []byte, target ocispec.Descriptor) error {
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

func (i *Info) readTimestamp(e *unverified.Envelope, signature []byte) error {
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
	i.Timestamp = &Timestamp{Authority: authority(e.Stamp), Time: stamp.Value.UTC()}
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
func (i Info) format() string {
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

// Text is the signature for people.
func (i Info) Text() string {
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
