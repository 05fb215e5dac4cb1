// Package trust holds notation's trust policy and trust stores as one immutable Snapshot.
// It is step 4 of a request's life: the request's snapshot decides which statement covers
// an image, and so whether the network is used at all.
//
// The files are notation's own, so what works with `notation verify` works here:
// trustpolicy.json (version 1.0), or trustpolicy.oci.json as notation 2 calls it, and
// truststore/x509/{ca,signingAuthority,tsa}/<name>/*.
// They are loaded into memory, because notation's loaders refuse the symlinks that
// Kubernetes volumes are made of. One thing is added: a registry scope may end in
// "/*" and then covers everything below that path.
//
// A set of files is taken whole or not at all. At start a wrong one is an error;
// later the old one stays in force and the error is reported. A file in a store
// that holds no certificate is no error, and reported as [Unread].
package trust
