// Package ca mints certificate chains and signs with them, so that a signature can be proven from an empty folder on:
// a root, an intermediate and a signer within the Notary Project's certificate requirements, notation envelopes in JWS
// and COSE, timestamps, and what a CA says later about the certificates it issued.
//
// It serves the CA's command and the tests. The provider itself only ever verifies, and never links this package.
//
//   - [NewRoot], [CA.Intermediate], [CA.Signer] and [SelfSigned] make chains of three, two and one for code signing.
//   - [CA.Server], [CA.Client] and [CA.Peer] make certificates for TLS, [CA.TSA] and [CA.Responder] those that sign
//     timestamps and OCSP responses, [CA.CRL] makes revocation lists.
//   - [ParseSubject] and [ReadRequest] read whom a certificate is to speak of, and whose key it is to certify.
//   - [Identity.Sign] makes the envelope that notation stores beside an image.
//   - [EncodeCertificates], [EncodeEncryptedKey], [EncodeKey] and [EncodeCRL] write PEM; [DecodeKey] and [DecodeCRL] read
//     what others wrote, as provider/certfile does for certificates.
//
// Keys are made anew on every call and cached nowhere; set [Options.Key] to bring one along.
package ca
