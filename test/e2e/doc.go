//go:build e2e

// Package e2e installs the chart into a real cluster with Gatekeeper, by the commands of README.md. It asks what its users
// ask: that a signed image is admitted, that an unsigned one is not, and that this stays so while everything around it
// changes. What the cluster is made of is told in package cluster.
package e2e
