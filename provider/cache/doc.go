// Package cache answers from memory what was settled before, and lets those who
// ask for the same thing at once wait for one answer. It is steps 6 and 9 of the
// walk: tag → digest, digest → verdict.
//
//	memory    key                               value       kept for
//	tags      repository, tag                   descriptor  cache.tags
//	tags      repository, tag                   not found   cache.refused
//	verdicts  repository, digest, fingerprint   verified    cache.verified, never past Verdict.Until and RecheckAt
//	verdicts  repository, digest, fingerprint   refused     cache.refused
//
// What is undecided is never kept. A verdict is kept under the fingerprint of the
// trust policy it was reached under: a new policy or certificate makes the old
// verdicts unreachable at that instant, so there is nothing to flush.
//
// An entry ages by the wall clock and by the monotonic clock, whichever says more, and one
// that was made in the future is no entry: a clock that is set back keeps nothing.
//
// A request that has waited in vain for an image, whose check goes on, is the last to wait
// for a moment: the next constraint asks the same, and the webhook waits once for all.
//
// Entries in the last quarter of their life are renewed in the background when
// somebody asks for them, so an image in use never waits.
package cache
