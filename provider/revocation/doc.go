// Package revocation asks certificate authorities whether the certificates of a chain are revoked: by OCSP (RFC 6960),
// and by certificate revocation lists (RFC 5280) where OCSP does not tell.
//
//   - [Checker.Check] checks a chain and returns its [Status]. [Checker.Validate] is the same for notation-go.
//   - responders.go asks OCSP responders; response.go decides who may speak for the CA and which answer is for the certificate.
//   - lists.go fetches lists; list.go reads one; scope.go decides whether it covers a certificate.
//
// notation-core-go has such a check. It accepts an OCSP answer of any holder of a certificate of the CA, and any list of the
// CA as the right one, so this package replaces it. Three rules hold throughout:
//
//   - An answer is not used, and not kept, until every check on it has passed.
//   - An older answer never replaces a newer one that this process has seen.
//   - Without an answer a certificate is not good: its status is unknown, and the image stays undecided.
package revocation
