// Package verifier asks notation-go whether an image is signed as the trust policy
// wants, and names the reason. It is step 8 of the walk.
//
// notation.Verify is the only judge: nothing here turns its no into a yes. But its
// no comes as one kind of error with the cause flattened into text, so a recorder
// stands beside it: it hands notation.Verify the signatures, in an order and within
// a bound that keeps those with push rights from hiding a good one, and notes what
// every step came to.
package verifier
