// Package reload keeps the server up to date with its files. Every few seconds it reads each file
// again that was read at start. It lets the package that uses the file take over a new version.
//
// It polls and compares contents. Kubernetes swaps a whole folder of symlinks when a ConfigMap or
// Secret changes, which file notifications miss or report halfway. A few kilobytes read and hashed
// every ten seconds cost nothing and cannot be missed.
//
// A package that uses files has a [Source]. Most are a [Files] and a function that parses. The
// function either takes the new contents whole or returns an error. Then the old state stays in
// force and the next tick tries again.
package reload
