package verifier

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/envelope"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// maxUnlinked bounds the certificates of a timestamp that lead to no trusted root. Some authorities add a
// root that has issued theirs.
const maxUnlinked = 2

// maxDecoding bounds the bytes of all envelopes that are decoded at one time, over all requests. An envelope counts from
// before it is decoded until notation is done, or asks about revocation: an answer that does not come must not keep this
// memory from others. Envelopes that wait get room in their order.
const maxDecoding = 2 << 20

var errTooCostly = errors.New("it holds more than is checked: too many values or certificates, or too large keys")

// precheck says why notation need not be given an envelope: notation decodes it and computes with every key in it before it
// looks whether any is trusted. It is nil for an envelope whose chain has a trusted certificate, byte for byte. The room for
// decoding stays taken, for notation.
func (rec *recorder) precheck(ctx context.Context, mediaType string, raw []byte) *rejection {
	if err := rec.acquire(ctx, len(raw)); err != nil {
		return &rejection{err: err}
	}
	contents, err := envelope.Open(mediaType, raw)
	switch {
	case errors.Is(err, envelope.ErrFormat):
		return &rejection{reason: provider.Unsupported, err: errors.New("its envelope is neither JWS nor COSE")}
	case errors.Is(err, envelope.ErrTooComplex), len(contents.Chain) > keysize.MaxCertificates:
		return &rejection{reason: provider.Unsupported, err: errTooCostly}
	case err != nil, len(contents.Chain) == 0:
		return &rejection{reason: provider.Tampered, err: errors.New(brokenEnvelope)}
	}
	rejected := rec.precheckChain(contents.Chain)
	if rejected == nil && len(contents.Timestamp) > 0 {
		rejected = rec.precheckTimestamp(contents.Timestamp)
	}
	if rejected != nil {
		rejected.signer = signerOf(contents.Chain[0])
	}
	return rejected
}

// acquire waits for room for an envelope of so many bytes, until the context ends.
func (rec *recorder) acquire(ctx context.Context, bytes int) error {
	rec.release()
	weight := min(int64(bytes), maxDecoding)
	if err := rec.decoding.Acquire(ctx, weight); err != nil {
		return provider.Undecided(provider.CauseDeadline, err, "too many signatures are looked at, and the check goes on")
	}
	rec.held = weight
	return nil
}

// release gives the room back, if some is held.
func (rec *recorder) release() {
	if rec.held > 0 {
		rec.decoding.Release(rec.held)
		rec.held = 0
	}
}

// precheckChain looks for a trusted certificate in the chain, and at the links from it to the leaf and the root.
func (rec *recorder) precheckChain(ders [][]byte) *rejection {
	trusted := slices.IndexFunc(ders, func(der []byte) bool {
		sum := sha256.Sum256(der)
		return rec.policy.Trusts(hex.EncodeToString(sum[:]))
	})
	if trusted < 0 {
		return &rejection{reason: provider.Untrusted, err: rec.noTrust(signerOf(ders[0]))}
	}
	if slices.ContainsFunc(ders, func(der []byte) bool { return len(der) > keysize.MaxCertificateBytes }) { // none is parsed then
		return &rejection{reason: provider.Unsupported, err: errTooCostly}
	}
	chain := make([]*x509.Certificate, len(ders))
	for i, der := range ders {
		var err error
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return &rejection{reason: provider.Tampered, err: errors.New(brokenEnvelope)}
		}
	}
	if keysize.CheckChain(chain) != nil {
		return &rejection{reason: provider.Unsupported, err: errTooCostly}
	}
	if rec.links.chain(chain, trusted) != nil {
		return &rejection{reason: provider.Tampered, err: errors.New(brokenEnvelope)}
	}
	return nil
}

// precheckTimestamp parses the timestamp, for when notation asks for the timestamp authorities. The timestamp is not part of
// what is signed, so the sizes of its keys are checked before.
func (rec *recorder) precheckTimestamp(token []byte) *rejection {
	parsed, err := tspclient.ParseSignedToken(token)
	if err != nil {
		return nil // notation finds the same, where a timestamp is needed
	}
	if keysize.CheckChain(parsed.Certificates) != nil || len(parsed.SignerInfos) > 1 { // one is what RFC 3161 allows
		return &rejection{reason: provider.Unsupported, err: errTooCostly}
	}
	rec.token = parsed
	return nil
}

// signerOf is the subject of a certificate that may be a stranger's; "?" if it cannot be read, or is too large to be.
func signerOf(der []byte) string {
	if len(der) > keysize.MaxCertificateBytes {
		return "?"
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil || keysize.CheckNames(leaf.RawSubject, leaf.RawIssuer) != nil {
		return "?"
	}
	return printable.Cut(leaf.Subject.String(), maxText)
}

// GetCertificates implements notation's truststore.X509TrustStore. notation asks for timestamp authorities right before it
// looks for a chain from the timestamp to one of them, among all certificates in it: those that lead to none are refused first.
func (rec *recorder) GetCertificates(ctx context.Context, kind truststore.Type, name string) ([]*x509.Certificate, error) {
	if kind == truststore.TypeTSA && rec.token != nil && rec.links.unlinked(rec.token.Certificates, rec.policy.TimestampAuthorities()) > maxUnlinked {
		return nil, errors.New("the timestamp has certificates that lead to no trusted timestamp authority")
	}
	return rec.policy.GetCertificates(ctx, kind, name)
}
