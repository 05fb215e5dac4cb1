// Package evidence keeps the proof that an image is signed: the descriptor of its manifest,
// the signature that verified it, and the signature's envelope. It is part of step 7 of a
// request's life: an image whose evidence is kept is verified without its registry.
//
// It keeps evidence, not trust. An envelope proves itself: it is verified again, under
// today's trust policy, revocation status and clock. So evidence is kept for as long as
// there is room, and an image goes on being verified while its registry is down, slow or
// limits our rate. A forged entry has one effect only: the registry is asked.
//
// It is kept in memory and, if so configured, in a folder or a Valkey that outlives the process. That
// store is neither believed nor waited for: all that goes wrong there is a miss.
//
// A missing signature is not evidence: one may be pushed a moment later.
package evidence
