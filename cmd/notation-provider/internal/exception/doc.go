// Package exception reads exceptions, those in SignedImages constraints and those that are objects, and says which images they cover. Its rules are those
// of the policies, in policies/lib/{exceptions,inventory,parameters,pattern}: a test compares the two.
//
//   - [Set.Add] takes an object, and [Read] makes a [Constraint] of one.
//   - [Set.Covering] says which exceptions admit an image in a namespace.
//   - [Canonical] and [Means] are what a pattern means.
package exception
