// Package cluster reads the objects of a report from the Kubernetes cluster that the process runs in, as the service account
// of its pod. It asks the API server over HTTPS for lists, page by page, and for nothing else. The server is verified by
// the authority that Kubernetes mounts beside the token.
//
//   - [InCluster] finds the API server and the account.
//   - [Client.List] hands on all pods, constraints and exceptions.
package cluster
