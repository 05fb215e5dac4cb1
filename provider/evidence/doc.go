// Package evidence remembers what a registry said of images that were verified: the
// manifest's descriptor, the one signature that counted, its envelope. It is part of
// step 7 of the walk: what was said before need not be asked again.
//
// It remembers evidence, not trust. An envelope proves itself: whoever holds it can
// judge again, under the trust policy, the revocation and the clock of today. So
// evidence may be kept for as long as there is room, and images whose signature was
// seen go on being verified while their registry is down, hung or limits our rate.
// Nobody who forges an entry gains more than that the registry is asked.
//
// That there is no signature is not evidence: one may be pushed a moment later.
package evidence
