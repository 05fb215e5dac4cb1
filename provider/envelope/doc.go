// Package envelope looks into a signature envelope before anything decodes it. Any client that may push to a repository
// attaches envelopes to its images, and decoders build objects of a hundred times the size of what they read.
//
// [Open] counts what an envelope holds, without building it, and returns the certificates and the timestamp in it. Nothing is
// verified here: the certificates say who claims to have signed, so that an envelope of an untrusted signer is rejected before
// it costs more.
package envelope
