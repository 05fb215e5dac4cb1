// Package provider has the types that all packages of the server share, and answers one
// request.
//
// START HERE. This is the life of one request, in the order of the code:
//
//  1. server: TLS 1.3 with a client certificate of the configured CA and one of the configured names (clients.tlsConfig,
//     then clientAuth.ServeHTTP for each request).
//  2. gatekeeper: POST with a bounded body of JSON and a bounded number of keys (Handler.ServeHTTP). Otherwise a 4xx, which is
//     a ProviderResponse, too.
//  3. provider: each distinct key is parsed as an Image, with conditions if it has a "?" (Provider.Answer, ParseQuestion). A
//     malformed one is refused at once.
//  4. trust: one immutable snapshot for the whole request. The verifier of an image has the policy that covers it
//     (Provider.resolvePolicy, which calls trust.Snapshot.Find through verifier.snapshot). An image that no policy covers is
//     refused, without network.
//  5. provider: cached verdicts are answered at once (Cache.Get). The others are checked concurrently, under one deadline.
//  6. cache: tag → digest, then digest → verdict by the policy's fingerprint (Cache.Verify). Concurrent requests for one image
//     share one check (memory.get). What a check does is a fetcher (Cache.resolveFetcher, Cache.verifyFetcher).
//  7. verifier: notation.Verify (policyVerifier.verifyFrom), first on the evidence that is kept (VerifyKnown). Without it the
//     check waits for a place at the limiter and asks the registry (Verify, registry.Repository), through egress: bounded and
//     guarded, with that host's credentials only (egress.Transport). revocation asks the CAs (revocation.Checker).
//  8. verifier: names the reason, and how long the verdict holds (recorder.result, recorder.verified). The signature that
//     verified an image is kept as evidence.
//  9. cache: a settled verdict is kept for its time, or until its facts end (memory.remember). An undecided image is never
//     cached.
//  10. gatekeeper: settled → item; undecided → systemError, and no item (answer.add). Policies deny every image without a
//     "verified".
//
// There are three outcomes. A Verdict that is Good: the image is signed as the policy
// wants. Any other Verdict: it is not. An UndecidedError: we could not find out. A failure
// always ends as one of the last two.
//
// The package imports no other package of the server. The others import it, and declare
// what they need of each other as small interfaces; cmd/notation-provider assembles them.
package provider
