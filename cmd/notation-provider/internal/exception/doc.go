// Package exception reads exceptions, those in SignedImages constraints and those that are objects, and says which images they cover. Its rules are those
// of the policies, in policies/lib/{conditions,exceptions,inventory,parameters,pattern}: tests compare the two.
//
//   - [Set.Add] takes an object, and [Read] makes a [Constraint] of one.
//   - [Set.Demands] says which constraints decide on an image in a namespace, and which exceptions admit it there.
//   - [Constraint.Conditions] are what a constraint wants of a signature beside the trust policy.
//   - [Canonical] and [Means] are what a pattern means.
package exception
