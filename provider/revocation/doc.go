// Package revocation asks certificate authorities whether the certificates of a chain are revoked. It asks by OCSP
// (RFC 6960), and by certificate revocation lists (RFC 5280) where OCSP does not tell.
//
//   - [Checker.Check] checks a chain and returns its [Status]. [Checker.Validate] is the same for notation-go.
//   - responders.go asks OCSP responders. response.go decides which answer is for the certificate, delegation.go who may speak
//     for the CA, and statement.go what the answer says.
//   - lists.go looks in lists, lists_fetch.go fetches them and list_cache.go keeps them. list.go reads one and entry.go its
//     entries; bundle.go puts a list and its delta list together. scope.go decides whether a list covers a certificate.
//   - Both send by request.go, and both answers grow old by age.go. memory.go keeps the revocations.
//
// notation-core-go has such a check. It accepts an OCSP answer of any holder of a certificate of the CA, and any list of the
// CA as the right one. So this package replaces it. Three rules hold throughout:
//
//   - An answer is not used, and not kept, until every check on it has passed.
//   - An older answer never replaces a newer one that this process has seen.
//   - Without an answer a certificate is not good: its status is unknown, and the image stays undecided.
package revocation
