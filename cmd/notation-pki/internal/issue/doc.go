// Package issue makes the certificates of a PKI folder: root, intermediate and signer. A [Request] is a command line. It
// checks and asks for everything before it makes anything, so that a mistake costs no key and leaves no file.
package issue
