// Package ca is a certificate authority. It issues certificates that keep the Notary Project's certificate requirements, signs
// with them, and makes revocation lists.
//
// The command notation-pki uses it, and so do tests. The provider only verifies, and never links this package.
//
//   - [NewRoot], [CA.Intermediate], [CA.Signer] and [SelfSigned] make chains of three, two and one for code signing.
//   - [CA.Server], [CA.Client] and [CA.Peer] make certificates for TLS, [CA.TSA] and [CA.Responder] those that sign
//     timestamps and OCSP responses, [CA.CRL] makes revocation lists.
//   - [ParseSubject] reads a distinguished name, and [ReadRequest] a certificate request.
//   - [Identity.Sign] makes the envelope that notation stores beside an image.
//   - [EncodeCertificates], [EncodeEncryptedKey], [EncodeKey] and [EncodeCRL] write PEM; [DecodeKey] and [DecodeCRL] read
//     what others wrote, as provider/certfile does for certificates.
//
// Each call makes a new key, and none is cached. [Options.Key] brings an existing one.
package ca
