// Package verifier verifies an image with notation-go, by one statement of the trust
// policy, and names the reason. It is steps 7 and 8 of a request's life.
//
// Only notation.Verify verifies an image: nothing here turns a refusal into a pass. But
// notation refuses with one kind of error, whose cause is text. So a recorder stands in
// for the repository and the verifier that notation.Verify is given. It lists signatures
// in an order and within a bound that keeps users with push rights from hiding a good
// one, and records the outcome of each step.
package verifier
