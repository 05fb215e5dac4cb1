// Package report shows what an inventory holds: as text, each certificate below its issuer, or as JSON.
package report
