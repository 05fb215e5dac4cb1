package serving

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

// BundleAnnotation is the digest of the caBundle that the rotator wrote into a Provider.
const BundleAnnotation = prefix + "bundle"

// World is what is so outside the Secret.
type World struct {
	Now time.Time
	// Providers are those that exist.
	Providers []Provider
	// NewSince is since when every look has shown that all replicas serve with the current
	// CA. Zero if the last look has not.
	NewSince time.Time
}

// Provider is what counts of a Provider.
type Provider struct {
	Name string
	// Bundle is its caBundle in PEM.
	Bundle []byte
	// Written is the digest of the caBundle that the rotator wrote last, or "" if it never did.
	Written string
	// Lagging tells that a replica of Gatekeeper reports an older version of it.
	Lagging bool
}

// Digest names a caBundle in [BundleAnnotation].
func Digest(bundle []byte) string {
	sum := sha256.Sum256(bundle)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Bundle is the caBundle that the Providers are to hold, in PEM. The youngest is first, so that it
// stays the same when the next CA becomes the current one.
func (s State) Bundle() []byte {
	certs := s.known()
	if s.Step != Dropping {
		certs = append(certs, s.Old...)
	}
	slices.SortFunc(certs, func(a, b *x509.Certificate) int {
		return cmp.Or(b.NotBefore.Compare(a.NotBefore), bytes.Compare(a.Raw, b.Raw))
	})
	return authority.PEM(certs...)
}

// Holds tells whether a Provider is as the state wants it.
func (s State) Holds(p Provider) bool {
	bundle := s.Bundle()
	return bytes.Equal(p.Bundle, bundle) && p.Written == Digest(bundle)
}

func (s State) published(w World) bool {
	for _, p := range w.Providers {
		if !s.Holds(p) {
			return false
		}
	}
	return true
}

// strangers are the CAs in the Providers that the Secret does not know, and that replicas may serve
// with. They are looked for where the rotator wrote the caBundle itself, or never wrote it. What
// somebody else puts into one that the rotator wrote is not taken up.
func (s State) strangers(w World) []*x509.Certificate {
	var all []*x509.Certificate
	for _, p := range w.Providers {
		if p.Written == "" || p.Written == Digest(p.Bundle) {
			certs, _ := readable(p.Bundle)
			all = append(all, certs...)
		}
	}
	found := useful(all, append(s.known(), s.Old...), w.Now)
	return found[:min(len(found), maxOld-len(s.Old))]
}

func (w World) lagging() bool {
	for _, p := range w.Providers {
		if p.Lagging {
			return true
		}
	}
	return false
}
