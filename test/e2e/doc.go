//go:build e2e

// Package e2e installs the chart into a real cluster with Gatekeeper, by the commands of README.md. It asks what its users
// ask: is a signed image admitted and an unsigned one not, and does this stay so while everything around it changes? What
// the cluster is made of is told in package cluster.
package e2e
