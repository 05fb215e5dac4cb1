//go:build e2e

// Package cluster is a small, real Kubernetes cluster without a container engine, for end-to-end tests on Linux.
//
// # What is real
//
// etcd, kube-apiserver (RBAC and the default admission plugins), kube-controller-manager, kubectl and helm are the real
// programs. [Main] starts the test binary again in network, mount and process namespaces of its own, so that every port and
// address is free. Nothing is left over when the tests end, also when they are killed.
//
// # What is ours
//
// An agent does what the scheduler, the kubelet, the container runtime, kube-proxy and the cluster's DNS would do:
//
//   - A pod without a node gets one that is not cordoned and that fits its node selector. It is that with the fewest pods
//     of the same owner. Resource requests, taints and affinities do not count.
//   - A pod has a network namespace and an address. Each container is a process in its own mount, process and host name
//     namespaces, in the root file system of its image ([Options.Images]: OCI image layouts or plain folders), with the user,
//     groups, capabilities and flags that its security context says.
//   - Volumes are secret, configMap, downwardAPI, projected and emptyDir. Content is swapped in as the kubelet does it, by a
//     rename of the symbolic link ..data, at most [Options.VolumeDelay] after the API's objects changed.
//   - Probes (httpGet, tcpSocket, exec), restarts with a back-off, preStop, SIGTERM, the grace period, SIGKILL. What becomes
//     of a pod is written into its status, which the real controllers act upon.
//   - Every TCP port of a ClusterIP is forwarded to ready endpoints in turn. A service without endpoints refuses connections.
//   - The metrics API tells what pods use of the CPU, as /proc does, for the real autoscaler. It looks every two seconds.
//   - The names of Services, and those of [Cluster.AddHost], resolve through a DNS server at 10.96.0.10.
//
// # What is not there
//
// NetworkPolicies are not enforced (the tests of the chart evaluate them), and neither are seccomp profiles, limits of CPU and
// memory, or sizes of emptyDirs. There are no node ports, no load balancers, no persistent volumes and no UDP services but
// DNS. There are no metrics of memory or nodes, no ephemeral containers (the API takes them, nothing runs them), no gRPC
// probes. A connection through a ClusterIP arrives from 10.244.0.1. Without root (in a user namespace) every container runs as
// the one user there is.
package cluster
