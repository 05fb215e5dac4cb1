// Package reload keeps the walk of one request true to the files on disk: it
// reads again, every few seconds, each file that was read at start, and lets
// its owner take over what changed.
//
// It polls and compares contents. Kubernetes swaps a whole folder of symlinks
// when a ConfigMap or Secret changes, which file notifications miss or report
// halfway; a few kilobytes read and hashed every ten seconds cost nothing and
// cannot be missed.
//
// A room that owns files is a [Source]. Most are a [Files] and a function that
// parses: the function either takes the new contents whole or returns an error,
// and then the old state stays in force and the next tick tries again.
package reload
