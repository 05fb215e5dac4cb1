// Package authority makes and reads what the rotator keeps in its Secret: a small CA of
// our own, and the serving certificates that it issues.
//
// Keys are EC P-256. A CA signs serving certificates only: its path length is zero, and
// what it issues is for server authentication. Nothing here knows Kubernetes.
package authority
