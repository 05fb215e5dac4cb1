// Package rules checks certificate chains against the Notary Project's requirements and RFC 5280.
//
//   - [Violations] lists every rule that a chain breaks, in words.
//   - [Warnings] and [ChainWarnings] list what no rule forbids and what will cause trouble later.
//   - [RoleOf] tells what a certificate is for.
package rules
