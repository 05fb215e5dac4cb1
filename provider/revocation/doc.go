// Package revocation asks certificate authorities whether the certificates of a chain are revoked: by OCSP (RFC 6960),
// and by certificate revocation lists (RFC 5280) where OCSP does not tell.
//
//   - [Checker.Check] checks a chain and returns its [Status]. [Checker.Validator] is the same for notation-go.
//   - responders.go asks OCSP responders; response.go decides who may speak for the CA and which answer is for the certificate.
//   - lists.go fetches lists; list.go reads one; scope.go decides whether it covers a certificate.
//
// notation-core-go has such a check. It takes an OCSP answer from any holder of a certificate of the CA, and any list of the CA
// for the right one, so this package takes its place. Three rules hold throughout:
//
//   - An answer counts for nothing, and is not kept, until every check on it has passed.
//   - An answer that the CA made before one that this process has seen does not take its place.
//   - Not to know is not to be good: the certificate's status is unknown, and the image stays undecided.
package revocation
