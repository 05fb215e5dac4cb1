package main

import (
	"context"
	"fmt"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// coldImages take turns, so that what is kept of an image below the memory of the
// walk does not make the next check of it a warm one.
const coldImages = 24

// cold measures checks of images that nobody remembers.
func cold(ctx context.Context, world *rig.World, o options, r *record) error {
	step("cold: %d images of each chain on each kind of registry, checked one after the other", coldImages)
	chains, err := makeChains()
	if err != nil {
		return err
	}
	for _, chain := range chains {
		for _, kind := range []rig.Kind{rig.API, rig.Tag} {
			s, err := newShelf(ctx, world, chain, kind)
			if err != nil {
				return err
			}
			if err := s.contest(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// chain is who signs, and so whom to trust.
type chain struct {
	name   string
	signer *ca.Identity
}

// makeChains makes SKAO's recipe, and the same of elliptic curve keys.
func makeChains() ([]chain, error) {
	rsa, err := makeChain("rsa", ca.RSA4096, ca.RSA3072)
	if err != nil {
		return nil, err
	}
	ec, err := makeChain("ec", ca.ECP256, ca.ECP256)
	return []chain{rsa, ec}, err
}

func makeChain(name string, cas, signer ca.KeyType) (c chain, err error) {
	root, err := ca.NewRoot(ca.Options{KeyType: cas})
	if err != nil {
		return c, err
	}
	intermediate, err := root.Intermediate(ca.Options{KeyType: cas})
	if err != nil {
		return c, err
	}
	leaf, err := intermediate.Signer(ca.Options{KeyType: signer})
	return chain{name, leaf}, err
}

// shelf is a registry with images of one signer.
type shelf struct {
	chain    chain
	world    *rig.World
	registry *rig.Registry
	images   []rig.Image
	trust    rig.Trust
}

func newShelf(ctx context.Context, world *rig.World, c chain, kind rig.Kind) (*shelf, error) {
	images, registry, err := pushSigned(ctx, world, rig.RegistryOptions{Kind: kind}, coldImages, rig.Signature{By: c.signer})
	if err != nil {
		return nil, err
	}
	trust := world.Trust("*")
	trust.Stores = nil
	trust.Policies[0].TrustStores = nil
	trust.Add("ca:skao-oci", c.signer.Root())
	return &shelf{c, world, registry, images, trust}, nil
}

// verify checks one image of a shelf by its tag, and returns the digest that is good.
type verify func(ctx context.Context, image rig.Image) (digest string, err error)

// contest holds ours against bare notation.
func (s *shelf) contest(ctx context.Context, o options, r *record) error {
	bare, err := s.bare()
	if err != nil {
		return err
	}
	full, err := s.full()
	if err != nil {
		return err
	}
	defer full.registries.Close()
	return r.hold(ctx, contest{
		name:   fmt.Sprintf("cold/chain=%s/referrers=%s", s.chain.name, s.registry.Kind),
		sides:  map[string]side{floor: s.checking(bare.verify), ours: s.checking(full.verify)},
		limits: map[string]float64{"ns/op": limit},
	}, o.count)
}

// checking is a side that checks image after image, and counts what the registry is asked.
func (s *shelf) checking(check verify) side {
	return func(ctx context.Context) (result, error) {
		s.registry.Forget()
		got, err := repeat(ctx, 1, func(ctx context.Context, turn int) error {
			image := s.images[turn%len(s.images)]
			digest, err := check(ctx, image)
			if err == nil && digest != image.Descriptor.Digest.String() {
				err = fmt.Errorf("%s was judged", digest)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", image.Tagged(), err)
			}
			return nil
		})
		got.values = append(got.values, value{"requests/op", float64(s.registry.Count()) / float64(got.all)})
		return got, err
	}
}
