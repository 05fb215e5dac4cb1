// Package envelope looks into a signature envelope before anything decodes it. Any client that may push to a repository
// attaches envelopes to its images, and decoders build objects of a hundred times the size of what they read.
//
// [Open] counts what an envelope holds, without building it, and returns the certificates and the timestamp in it. Nothing is
// verified here: the certificates say whom the envelope claims to be from, so that a stranger's can be set aside before it
// costs more.
package envelope
