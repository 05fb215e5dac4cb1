// Package keysize checks signatures of certificates, revocation lists and certificate requests
// within bounds. Every check with a key that an attacker may have made goes through it. The cost of
// one check grows with the square of the key's length, and no deadline ends it.
//
// Within the bounds one check takes 10 ms at most on a current core, and usually less
// than 1 ms. A test in test/importrules finds calls that go past this package.
package keysize
