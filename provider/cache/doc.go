// Package cache answers from memory what was settled before, lets concurrent requests
// for one image share one check, and limits the checks under way. It is steps 6 and 9
// of a request's life: tag → digest, digest → verdict.
//
//	memory    key                               value       kept for
//	tags      repository, tag                   descriptor  cache.tags
//	tags      repository, tag                   not found   cache.refused
//	verdicts  repository, digest, fingerprint   verified    cache.verified, never past Verdict.Until and RecheckAt
//	verdicts  repository, digest, fingerprint   refused     cache.refused
//
// An undecided image is never kept. A verdict is kept under the fingerprint of the
// trust policy it was reached under: a new policy or certificate makes the old
// verdicts unreachable at that instant, so there is nothing to flush.
//
// An entry's age is the greater of its ages by the wall clock and by the monotonic clock.
// An entry that was made in the future is not used: a clock that is set back keeps nothing.
//
// When a request has waited in vain for a check that goes on, requests that follow within
// two seconds do not wait for it: they are most likely the next constraints of the same
// object, and the webhook has one deadline for all.
//
// A lookup of an entry in the last quarter of its life renews it in the background, so an
// image in use never waits.
package cache
