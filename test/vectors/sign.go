package vectors

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/notaryproject/notation-core-go/signature"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// setImage pushes an image, signs it, and copies it, in the order that the case wants.
func (s *Scene) setImage(ctx context.Context, spec Image) error {
	name := cmp.Or(spec.Registry, defaultRegistry)
	r := s.Registries[name]
	if r == nil || spec.Name == "" {
		return fmt.Errorf("it wants a name, and %q is no registry that runs", name)
	}
	push := r.PushImage
	if spec.Index {
		push = r.PushIndex
	}
	image, err := push(ctx, cmp.Or(spec.Repository, "production/"+spec.Name), cmp.Or(spec.Tag, "1"))
	if err != nil {
		return err
	}
	s.images[spec.Name], s.tags[image.Repository+":"+image.Tag] = image, image.Descriptor.Digest
	if err := s.copy(ctx, image, spec.CopiedUnsignedTo); err != nil {
		return err
	}
	return errors.Join(s.signAll(ctx, image, spec, false), s.copy(ctx, image, spec.CopiedTo), s.signAll(ctx, image, spec, true))
}

// signAll attaches those signatures that are made before the image is copied, or the late ones.
func (s *Scene) signAll(ctx context.Context, image rig.Image, spec Image, late bool) error {
	for i, signature := range spec.Signatures {
		if signature.Late != late {
			continue
		}
		for range max(signature.Count, 1) {
			if err := s.sign(ctx, image, signature); err != nil {
				return fmt.Errorf("signature %d: %w", i+1, err)
			}
		}
	}
	return nil
}

func (s *Scene) copy(ctx context.Context, image rig.Image, name string) error {
	if name == "" {
		return nil
	}
	if s.Registries[name] == nil {
		return fmt.Errorf("%q is no registry that runs", name)
	}
	_, err := image.Mirror(ctx, s.Registries[name])
	return err
}

// sign attaches one signature.
func (s *Scene) sign(ctx context.Context, image rig.Image, spec Signature) error {
	wanted, err := s.signature(spec)
	if err != nil {
		return err
	}
	note(&wanted, image, spec.Metadata)
	signed, err := s.World.Sign(ctx, image, wanted)
	if err != nil {
		return err
	}
	if spec.Claims != "" {
		if err := s.claim(ctx, image, signed.Manifest, spec.Claims); err != nil {
			return err
		}
	}
	d := image.Descriptor.Digest
	at := wanted.Options.SigningTime
	if at.IsZero() {
		at = s.now
	}
	s.marks[d] = append(s.marks[d], Mark{Signer: wanted.By.Cert.Subject.String(), SignedAt: at, Metadata: spec.Metadata})
	return nil
}

// signature is the case's signature in the rig's terms.
func (s *Scene) signature(spec Signature) (rig.Signature, error) {
	by := s.pkis[cmp.Or(spec.By, defaultPKI)]
	if by == nil {
		return rig.Signature{}, fmt.Errorf("%q is no PKI", spec.By)
	}
	signer, err := by.signer(spec.Leaf, s.now)
	if err != nil {
		return rig.Signature{}, err
	}
	wanted := rig.Signature{By: signer, Defect: spec.Defect, Listed: spec.Listed, Options: ca.SignOptions{
		SigningTime: spec.Signed.from(s.now),
		Expiry:      spec.Expires.from(s.now),
		Attributes:  spec.attributes(),
	}}
	return wanted, errors.Join(s.shape(&wanted, spec), s.stamp(&wanted, spec), s.aim(&wanted, spec))
}

// shape chooses envelope and scheme.
func (s *Scene) shape(wanted *rig.Signature, spec Signature) error {
	var known bool
	wanted.Options.MediaType, known = map[string]string{"": ca.JWS, "jws": ca.JWS, "cose": ca.COSE}[spec.Format]
	if !known {
		return fmt.Errorf("format %q is neither jws nor cose", spec.Format)
	}
	wanted.Options.Scheme, known = map[string]signature.SigningScheme{
		"": signature.SigningSchemeX509, "signing-authority": signature.SigningSchemeX509SigningAuthority,
	}[spec.Scheme]
	if !known {
		return fmt.Errorf("scheme %q is not known", spec.Scheme)
	}
	return nil
}

// stamp chooses who countersigns.
func (s *Scene) stamp(wanted *rig.Signature, spec Signature) error {
	if spec.Timestamp == "" {
		return nil
	}
	tsa := s.tsas[spec.Timestamp]
	if tsa == nil {
		return fmt.Errorf("%q is no TSA", spec.Timestamp)
	}
	wanted.TSA = tsa.TSA
	if spec.Stamped != 0 { // else the rig stops the authority's clock at the time of signing
		wanted.TSA = nil
		wanted.Options.Timestamper, wanted.Options.TSARoots = tsa.At(spec.Stamped.from(s.now)), ca.Pool(tsa.Root())
	}
	return nil
}

// aim chooses what the envelope speaks of.
func (s *Scene) aim(wanted *rig.Signature, spec Signature) error {
	if spec.Of == "" {
		return nil
	}
	other, ok := s.images[spec.Of]
	if !ok {
		return fmt.Errorf("%q is no image above this one", spec.Of)
	}
	wanted.Target = &other.Descriptor
	return nil
}

// note has metadata signed with the artifact.
func note(wanted *rig.Signature, image rig.Image, metadata map[string]string) {
	if metadata == nil {
		return
	}
	target := image.Descriptor
	if wanted.Target != nil {
		target = *wanted.Target
	}
	target.Annotations = metadata
	wanted.Target = &target
}

func (spec Signature) attributes() []signature.Attribute {
	var all []signature.Attribute
	if spec.Plugin != "" {
		all = append(all, ca.PluginAttribute(spec.Plugin))
	}
	if spec.Critical != "" {
		all = append(all, signature.Attribute{Key: spec.Critical, Critical: true, Value: "something"})
	}
	if spec.Attribute != "" {
		all = append(all, signature.Attribute{Key: spec.Attribute, Value: "something"})
	}
	return all
}

// thumbprints is the annotation that names the chain that signed.
const thumbprints = "io.cncf.notary.x509chain.thumbprint#S256"

// claim replaces a signature's manifest by one whose annotation names the chain of another PKI.
func (s *Scene) claim(ctx context.Context, image rig.Image, signed ocispec.Descriptor, name string) error {
	anchor, err := s.anchor(name)
	if err != nil {
		return err
	}
	repository, err := image.Registry.Remote(image.Repository)
	if err != nil {
		return err
	}
	text, err := content.FetchAll(ctx, repository, signed)
	if err != nil {
		return err
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		return err
	}
	manifest.Annotations[thumbprints] = `["` + ca.Thumbprint(anchor) + `"]`
	if text, err = json.Marshal(manifest); err != nil {
		return err
	}
	if err := repository.Push(ctx, content.NewDescriptorFromBytes(signed.MediaType, text), strings.NewReader(string(text))); err != nil {
		return err
	}
	return repository.Delete(ctx, signed)
}
