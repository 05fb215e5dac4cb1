// Package provider is the life of one request, and the words that all rooms share.
//
// START HERE. Gatekeeper asks about the images of a pod; this is what happens, one
// line a room:
//
//  1. server: TLS 1.3, a client certificate from the configured CA with one of the configured names. No other door leads in.
//  2. gatekeeper: POST, a bounded body of JSON, a bounded number of keys; else a 4xx that still is a ProviderResponse.
//  3. provider: keys made distinct, each read as an Image. What cannot be read is refused at once.
//  4. trust: one immutable snapshot for the whole request. An image that no policy covers is refused: nobody is asked.
//  5. provider: what is not remembered fans out, so many at a time over all requests and per registry, under one deadline.
//  6. cache: tag → digest, digest → verdict under the policy's fingerprint. Someone asking already: wait with them, but not where they just did in vain.
//  7. evidence: the signature that counted before is judged again, and nobody is asked. registry, egress: what is new is fetched within bounds, with that host's credentials only, from addresses that may be dialled.
//  8. verifier: notation.Verify is the only judge; a witness notes what it saw; the reason is named.
//  9. cache: a settled verdict is kept until its time or its facts run out, whichever is first; an undecided one never.
//  10. gatekeeper: settled → items; undecided → systemError, its key left out. Policies deny what they hold no "verified" for.
//
// There are three kinds of outcome and no fourth. A Verdict that is Good: the image
// is signed as the policy wants. A Verdict that is not: we know that it is not. An
// UndecidedError: we could not find out. Whatever fails ends as one of the last two.
//
// The package imports no room. Rooms import it, and say what they need of each
// other in small interfaces; cmd/notation-provider puts them together.
package provider
