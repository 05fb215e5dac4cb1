// Package serving decides what is to be done next about the serving certificate, its CA and
// the caBundle of the Providers. It reads and writes nothing itself: [Rules.Next] maps what
// is so to the next single step, so that every order of events can be tested.
//
// A CA changes in these steps, each of them one write to the Kubernetes API. The step
// stands in the Secret, as an annotation, beside all that the next one needs. A rotator
// that ends after any write is continued by another.
//
//	idle         one CA, one serving certificate, and the Providers hold that CA
//	staged       a new CA lies beside the old one; the Providers are to hold both
//	distributed  they do; Gatekeeper is given time to take that up
//	issued       the serving certificate is of the new CA; the old CA stays in the Providers
//	dropping     no replica serves with the old CA any more; it leaves the Providers
//
// What must hold throughout: the CA of every certificate that a replica may still serve with is in
// the caBundle that Gatekeeper may still use. Three rules make it so. A certificate is issued only
// by a CA that is known to be in force. A CA leaves the caBundle only when no replica serves with
// it. And a CA that the rotator finds in a caBundle, and does not know from the Secret, counts as
// an old one. The Secret may have been emptied or restored from a backup, while replicas serve on.
package serving
