// Package revoke issues a CA's next revocation list, with everything that the last one revokes and what a [Request] adds, and
// publishes it.
package revoke
