// Package inventory reads the certificates, revocation lists and private keys that lie in files, folders and signatures, and
// puts them in order: every certificate once, below the one that issued it, with what its issuer says about it and the
// rules that it breaks.
//
// A [Pile] is what was read; [Pile.Grow] makes a [Forest] of it. Nothing is asked of the network, and no file is changed.
package inventory
