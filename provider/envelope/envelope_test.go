package envelope_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	gocose "github.com/veraison/go-cose"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/envelope"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const largest = 128 << 10

// honest are signed envelopes, with and without a timestamp, by media type.
func honest(t testing.TB) map[string][][]byte {
	t.Helper()
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := root.Intermediate(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := issuer.Signer(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tsa, err := rig.NewTSA(root, ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][][]byte{}
	what := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("image"), Size: 5}
	for _, format := range []string{ca.JWS, ca.COSE} {
		for _, opts := range []ca.SignOptions{{MediaType: format}, {MediaType: format, Timestamper: tsa, TSARoots: ca.Pool(root.Cert)}} {
			signed, err := signer.Sign(context.Background(), what, opts)
			if err != nil {
				t.Fatal(err)
			}
			all[format] = append(all[format], signed.Raw)
		}
	}
	return all
}

// same holds what Open found against what notation-core-go decodes.
func same(t *testing.T, mediaType string, raw []byte, found envelope.Contents) {
	t.Helper()
	parsed, err := signature.ParseEnvelope(mediaType, raw)
	if err != nil {
		return
	}
	content, err := parsed.Content()
	if err != nil {
		return
	}
	info := content.SignerInfo
	if len(found.Chain) != len(info.CertificateChain) || !bytes.Equal(found.Timestamp, info.UnsignedAttributes.TimestampSignature) {
		t.Fatalf("%d certificates, %d bytes of timestamp; decoded are %d and %d", len(found.Chain), len(found.Timestamp), len(info.CertificateChain), len(info.UnsignedAttributes.TimestampSignature))
	}
	for i, c := range info.CertificateChain {
		if !bytes.Equal(found.Chain[i], c.Raw) {
			t.Fatalf("certificate %d is another", i)
		}
	}
}

// An honest envelope is opened, and what is found is what notation-core-go decodes.
func TestHonestEnvelopes(t *testing.T) {
	for format, all := range honest(t) {
		for i, raw := range all {
			found, err := envelope.Open(format, raw)
			if err != nil || len(found.Chain) != 3 || (len(found.Timestamp) > 0) != (i == 1) {
				t.Fatalf("%s %d: %d certificates, %d bytes of timestamp, %v", format, i, len(found.Chain), len(found.Timestamp), err)
			}
			same(t, format, raw, found)
		}
	}
}

// An envelope of another format has an error of its own.
func TestOtherFormats(t *testing.T) {
	for _, mediaType := range []string{"", "application/json", "application/pkcs7-mime", "APPLICATION/COSE"} {
		if _, err := envelope.Open(mediaType, []byte("{}")); !errors.Is(err, envelope.ErrFormat) {
			t.Errorf("%q: %v", mediaType, err)
		}
	}
}

// fill repeats a text up to the size of the largest envelope.
func fill(element string) string { return strings.Repeat(element, largest/len(element)) }

// cborOf is a COSE_Sign1 message whose unprotected header has one label with this value.
func cborOf(value []byte) []byte {
	return slices.Concat([]byte{0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa1, 0x61, 0x61}, value, []byte{0x42, 0x7b, 0x7d, 0x58, 0x40}, make([]byte, 64))
}

// cborArray is an array of so many times the item.
func cborArray(item string) []byte {
	head := binary.BigEndian.AppendUint32([]byte{0x9a}, uint32(largest/len(item)))
	return append(head, fill(item)...)
}

// withTimestamp is a COSE message with a timestamp token.
func withTimestamp(t *testing.T, token []byte) []byte {
	t.Helper()
	message := gocose.NewSign1Message()
	message.Payload, message.Signature = []byte(`{}`), make([]byte, 64)
	message.Headers.Protected.SetAlgorithm(gocose.AlgorithmES256)
	message.Headers.Unprotected["io.cncf.notary.timestampSignature"] = token
	raw, err := message.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func jwsTimestamp(t *testing.T, token []byte) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"payload": "", "protected": "", "signature": "", "header": map[string]any{"io.cncf.notary.timestampSignature": token}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// berOf is a constructed element with these contents.
func berOf(contents string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0x30, 0x84}, uint32(len(contents))), contents...)
}

// No envelope of the largest size costs more than a small multiple of it, whatever elements it is made of.
func TestSmallestElementsCostLittle(t *testing.T) {
	type one struct {
		name, mediaType string
		raw             []byte
	}
	var all []one
	for _, element := range []string{`[],`, `{},`, `0,`, `"",`, `[`, `{"":`, `{"a":0},`, `"\"",`, `null,`} {
		all = append(
			all, one{"json_header " + element, ca.JWS, []byte(`{"header":{"x":[` + fill(element) + `0]}}`)},
			one{"json_chain " + element, ca.JWS, []byte(`{"header":{"x5c":[` + fill(element) + `0]}}`)},
			one{"json_protected " + element, ca.JWS, []byte(`{"protected":"` + base64.RawURLEncoding.EncodeToString([]byte(`{"x":[`+fill(element)+`0]}`)) + `"}`)},
			one{"json_alone " + element, ca.JWS, []byte(fill(element))},
		)
	}
	for _, item := range []string{"\x00", "\x80", "\xa0", "\x40", "\x60", "\xf6", "\xa1\x00\xa0", "\x81\x00", "\xc1\x00", "\xa1\x00\x81\xa0"} {
		protected := append(binary.BigEndian.AppendUint32([]byte{0xd2, 0x84, 0x5a}, uint32(len(cborArray(item))+3)), 0xa1, 0x61, 0x61)
		all = append(
			all, one{"cbor_unprotected", ca.COSE, cborOf(cborArray(item))},
			one{"cbor_protected", ca.COSE, slices.Concat(protected, cborArray(item), []byte{0xa0, 0x40, 0x40})},
			one{"cbor_alone", ca.COSE, cborArray(item)},
		)
	}
	all = append(all, one{"cbor_deep", ca.COSE, []byte(fill("\x81"))}, one{"cbor_tags", ca.COSE, []byte(fill("\xc1"))})
	for _, element := range []string{"\x30\x00", "\x05\x00", "\x31\x00", "\x04\x00", "\x30\x02\x05\x00", "\x3f\x81\x01\x00"} {
		all = append(
			all, one{"ber_cose", ca.COSE, withTimestamp(t, berOf(fill(element)))}, one{"ber_jws", ca.JWS, jwsTimestamp(t, berOf(fill(element)))},
		)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	all = append(all, one{"json_payload", ca.JWS, []byte(`{"payload":"` + b64([]byte(`{"x":[`+fill("{},")+`0]}`)) + `"}`)})
	for _, label := range []byte{7, 9, 11, 12} { // countersignatures: RFC 8152 and RFC 9338
		bomb := slices.Concat([]byte{0xa1, 0x61, 0x61}, cborArray("\xa1\x00\xa0"))
		text := append(binary.BigEndian.AppendUint32([]byte{0x5a}, uint32(len(bomb))), bomb...)
		for _, header := range [][]byte{{0x40, 0xa1}, {0x43, 0xa1, 0x01, 0x26, 0xa1}} {
			raw := slices.Concat([]byte{0xd2, 0x84}, header, []byte{label, 0x83}, text, []byte{0xa0, 0x58, 0x40}, make([]byte, 64), []byte{0x42, 0x7b, 0x7d, 0x58, 0x40}, make([]byte, 64))
			all = append(all, one{"cbor_countersignature", ca.COSE, raw})
		}
	}
	var deep []byte
	for len(deep) < largest-8 {
		deep = append(binary.BigEndian.AppendUint32([]byte{0x30, 0x84}, uint32(len(deep))), deep...)
	}
	all = append(all, one{"ber_deep", ca.COSE, withTimestamp(t, deep)})
	for _, c := range all {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := envelope.Open(c.mediaType, c.raw)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; err == nil || grown > 1<<20 {
			t.Errorf("%s: %d KiB for an envelope of %d KiB: %v", c.name, grown>>10, len(c.raw)>>10, err)
		}
	}
}

// Whatever an envelope holds, what Open finds is what notation-core-go decodes, and nothing makes it panic.
func FuzzOpenFindsWhatIsDecoded(f *testing.F) {
	for format, all := range honest(f) {
		for _, raw := range all {
			f.Add(format == ca.COSE, raw)
		}
	}
	f.Fuzz(func(t *testing.T, isCOSE bool, raw []byte) {
		mediaType := ca.JWS
		if isCOSE {
			mediaType = ca.COSE
		}
		if found, err := envelope.Open(mediaType, raw); err == nil {
			same(t, mediaType, raw, found)
		}
	})
}
