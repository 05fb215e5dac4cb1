// Package exception reads the exceptions in SignedImages constraints, and says which images they cover. Its rules are those
// of the policies, in policies/lib/{exceptions,parameters,pattern}: a test compares the two.
//
//   - [Read] makes a [Constraint] of an object.
//   - [Constraints.Covering] says which exceptions admit an image in a namespace.
//   - [Canonical] and [Means] are what a pattern means.
package exception
