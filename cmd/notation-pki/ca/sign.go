package ca

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/tspclient-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The media types of the two envelopes that notation knows.
const (
	JWS  = jws.MediaTypeEnvelope
	COSE = cose.MediaTypeEnvelope
)

const (
	payloadMediaType     = "application/vnd.cncf.notary.payload.v1+json"
	thumbprintAnnotation = "io.cncf.notary.x509chain.thumbprint#S256"
	pluginAttribute      = "io.cncf.notary.verificationPlugin"
	signingAgent         = "notation-provider-pki"
)

// SignOptions say how to sign. The zero value makes a JWS envelope, signed now, that never expires.
type SignOptions struct {
	// MediaType of the envelope: [JWS], the default, or [COSE].
	MediaType string

	// SigningTime is when the envelope says it was signed. It must lie within the validity of every certificate of the
	// chain. It may lie in the past. Default: now. Kept to the second.
	SigningTime time.Time

	// Expiry is when the signature stops to hold. Default: never. It must come after SigningTime. Kept to the second.
	Expiry time.Time

	// Scheme is notary.x509, the default, or notary.x509.signingAuthority.
	Scheme signature.SigningScheme

	// Attributes are further signed attributes. A critical one that a verifier does not know makes it refuse.
	Attributes []signature.Attribute

	// Agent is the software that signs. Default: "notation-provider-pki".
	Agent string

	// Timestamper countersigns the envelope; under notary.x509 only. Default: none. TSARoots, the roots that its chain
	// must lead to, are needed with it.
	Timestamper tspclient.Timestamper
	TSARoots    *x509.CertPool
}

// Envelope is a signature as notation stores it: a blob, and what the manifest that holds it says about it.
type Envelope struct {
	MediaType string
	Raw       []byte

	// Annotations belong on the manifest: the thumbprints of the chain, and the time of signing.
	Annotations map[string]string
}

// PluginAttribute makes a signature that only the named notation plugin may verify.
func PluginAttribute(name string) signature.Attribute {
	return signature.Attribute{Key: pluginAttribute, Critical: true, Value: name}
}

// Sign makes a notation signature of the artifact. It fails where the chain breaks a rule for code signing or does not
// hold at the signing time. It also fails where the timestamp is not had or not valid.
func (id *Identity) Sign(ctx context.Context, target ocispec.Descriptor, opts SignOptions) (*Envelope, error) {
	request, err := id.signRequest(target, opts)
	if err != nil {
		return nil, err
	}
	mediaType := cmp.Or(opts.MediaType, JWS)
	envelope, err := signature.NewEnvelope(mediaType)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", target.Digest, err)
	}
	raw, err := envelope.Sign(request.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", target.Digest, err)
	}
	annotations, err := envelopeAnnotations(id.Chain, request.SigningTime)
	if err != nil {
		return nil, err
	}
	return &Envelope{MediaType: mediaType, Raw: raw, Annotations: annotations}, nil
}

func (id *Identity) signRequest(target ocispec.Descriptor, opts SignOptions) (*signature.SignRequest, error) {
	payload, err := encodePayload(target)
	if err != nil {
		return nil, err
	}
	signer, err := signature.NewLocalSigner(id.Chain, id.Key)
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", id.Cert.Subject, err)
	}
	if opts.SigningTime.IsZero() {
		opts.SigningTime = time.Now()
	}
	return &signature.SignRequest{
		Payload:                  signature.Payload{ContentType: payloadMediaType, Content: payload},
		Signer:                   signer,
		SigningTime:              opts.SigningTime.UTC(),
		Expiry:                   opts.Expiry,
		ExtendedSignedAttributes: opts.Attributes,
		SigningAgent:             cmp.Or(opts.Agent, signingAgent),
		SigningScheme:            cmp.Or(opts.Scheme, signature.SigningSchemeX509),
		Timestamper:              opts.Timestamper,
		TSARootCAs:               opts.TSARoots,
	}, nil
}

// encodePayload keeps of the descriptor what the specification lets a signature speak of.
func encodePayload(target ocispec.Descriptor) ([]byte, error) {
	payload, err := json.Marshal(struct {
		TargetArtifact ocispec.Descriptor `json:"targetArtifact"`
	}{ocispec.Descriptor{
		MediaType:   target.MediaType,
		Digest:      target.Digest,
		Size:        target.Size,
		Annotations: target.Annotations,
	}})
	if err != nil {
		return nil, fmt.Errorf("encoding the payload for %s: %w", target.Digest, err)
	}
	return payload, nil
}

func envelopeAnnotations(chain []*x509.Certificate, signed time.Time) (map[string]string, error) {
	thumbprints := make([]string, len(chain))
	for i, cert := range chain {
		thumbprints[i] = Thumbprint(cert)
	}
	list, err := json.Marshal(thumbprints)
	if err != nil {
		return nil, fmt.Errorf("encoding thumbprints: %w", err)
	}
	return map[string]string{
		thumbprintAnnotation:      string(list),
		ocispec.AnnotationCreated: signed.Format(time.RFC3339),
	}, nil
}
