package unverified_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	gocose "github.com/veraison/go-cose"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// large is a CA certificate for a public key of some bits, without a private one.
func large(t *testing.T, bits int) []byte {
	t.Helper()
	root := rig.Must(ca.NewRoot(ca.Options{}))(t)
	public := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: 1<<31 - 1}
	return rig.Must(x509.CreateCertificate(rand.Reader, root.Cert, root.Cert, public, root.Key))(t)
}

// withChain is an envelope with other certificates, and a timestamp if there is one.
func withChain(t *testing.T, mediaType string, raw []byte, stamp []byte, chain ...[]byte) []byte {
	t.Helper()
	if mediaType == ca.COSE {
		var message gocose.Sign1Message
		if err := message.UnmarshalCBOR(raw); err != nil {
			t.Fatal(err)
		}
		list := make([]any, len(chain))
		for i, der := range chain {
			list[i] = der
		}
		message.Headers.RawUnprotected = nil
		message.Headers.Unprotected[gocose.HeaderLabelX5Chain] = list
		if stamp != nil {
			message.Headers.Unprotected["io.cncf.notary.timestampSignature"] = stamp
		}
		return rig.Must(message.MarshalCBOR())(t)
	}
	var message map[string]any
	if err := json.Unmarshal(raw, &message); err != nil {
		t.Fatal(err)
	}
	header := message["header"].(map[string]any)
	header["x5c"] = chain
	if stamp != nil {
		header["io.cncf.notary.timestampSignature"] = stamp
	}
	return rig.Must(json.Marshal(message))(t)
}

// An envelope that holds more than an honest one is refused before anything is computed with its keys, which would take
// minutes.
func TestEnvelopesThatAreTooLarge(t *testing.T) {
	root := rig.Must(ca.NewRoot(ca.Options{}))(t)
	signer := rig.Must(root.Signer(ca.Options{}))(t)
	tsa := rig.Must(rig.NewTSA(root, ca.Options{}))(t)
	image := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("image"), Size: 5}
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		raw := rig.Must(signer.Sign(t.Context(), image, ca.SignOptions{MediaType: mediaType, Timestamper: tsa, TSARoots: ca.Pool(tsa.Root())}))(t).Raw
		e := rig.Must(unverified.Read(mediaType, raw))(t)
		if e.Err != nil || len(e.Chain) != 2 || e.Stamp == nil || e.Content == nil {
			t.Errorf("%s: an honest one is read as %+v", mediaType, e)
		}
		many := slices.Repeat([][]byte{root.Cert.Raw}, 17)
		for _, c := range []struct {
			name string
			raw  []byte
			says string // or else it is read
		}{
			{"a key", withChain(t, mediaType, raw, nil, large(t, 1<<19)), "RSA with 524288 bits, and 8192 are the most"},
			{"a key in time", withChain(t, mediaType, raw, nil, large(t, 8192), root.Cert.Raw), ""},
			{"certificates", withChain(t, mediaType, raw, nil, many...), "it holds 17 certificates, and 16 are the most"},
			{"no more", withChain(t, mediaType, raw, nil, many[1:]...), ""},
			{"bytes", append(bytes.Clone(raw), bytes.Repeat([]byte(" "), unverified.MaxBytes)...), "and 131072 are the most"},
			{"a stamp", withChain(t, mediaType, raw, bytes.Repeat([]byte{0x30, 0}, 30_000), root.Cert.Raw), ""},
		} {
			e, err := unverified.Read(mediaType, c.raw)
			if c.says == "" && err == nil && (e.Err != nil || e.Content != nil) {
				continue
			}
			if !errors.Is(err, unverified.ErrTooLarge) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %s: %v; want %q", mediaType, c.name, err, c.says)
			}
		}
	}
}
