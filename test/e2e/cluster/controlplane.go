//go:build e2e

package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	apiPort  = "6443"
	etcdURL  = "http://127.0.0.1:2379"
	etcdPeer = "http://127.0.0.1:2380"
)

// auditPolicy notes who changed what, without bodies.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, verbs: [get, list, watch]}
- {level: None, resources: [{group: coordination.k8s.io}, {group: events.k8s.io}, {group: "", resources: [events, pods/status]}]}
- {level: Metadata}
`

// controllers are those that what helm installs may need. Nodes are the agent's.
func controllers() string {
	return strings.Join([]string{
		"clusterrole-aggregation-controller", "cronjob-controller", "daemonset-controller", "deployment-controller",
		"disruption-controller", "endpointslice-controller", "garbage-collector-controller", "horizontal-pod-autoscaler-controller", "job-controller", "namespace-controller",
		"pod-garbage-collector-controller", "replicaset-controller", "resourcequota-controller",
		"root-ca-certificate-publisher-controller", "serviceaccount-controller", "serviceaccount-token-controller",
		"statefulset-controller", "ttl-after-finished-controller",
	}, ",")
}

func (c *Cluster) binary(name string) string { return filepath.Join(c.options.Kubernetes, name) }

// startControlPlane starts etcd, the API server and the controllers, and waits until a pod can be made.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	if err := c.issueCertificates(); err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	etcd, err := c.startProcess("etcd", c.binary("etcd"), "--data-dir="+filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+etcdURL, "--advertise-client-urls="+etcdURL, "--listen-peer-urls="+etcdPeer,
		"--initial-advertise-peer-urls="+etcdPeer, "--initial-cluster=default="+etcdPeer)
	if err != nil {
		return err
	}
	c.processes = append(c.processes, etcd)
	server, err := c.startProcess("kube-apiserver", c.binary("kube-apiserver"), c.serverArguments()...)
	if err != nil {
		return err
	}
	c.processes = append(c.processes, server)
	if err := c.connect(); err != nil {
		return err
	}
	if err := server.until(ctx, "the API server answers", func() error { return c.ready(ctx) }); err != nil {
		return err
	}
	c.say("the API server answers")
	manager, err := c.startProcess("kube-controller-manager", c.binary("kube-controller-manager"), "--kubeconfig="+c.Kubeconfig(), "--leader-elect=false",
		"--bind-address=127.0.0.1", "--controllers="+controllers(), "--service-account-private-key-file="+c.ca.path("tokens.key"),
		"--root-ca-file="+c.ca.path("ca.crt"), "--endpointslice-updates-batch-period=0", "--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false",
		"--horizontal-pod-autoscaler-sync-period=2s", "--horizontal-pod-autoscaler-cpu-initialization-period=2s", "--horizontal-pod-autoscaler-initial-readiness-delay=1s")
	if err != nil {
		return err
	}
	c.processes = append(c.processes, manager)
	return manager.until(ctx, "the controllers work", func() error {
		return c.api.Get(ctx, client.ObjectKey{Namespace: "default", Name: "default"}, &corev1.ServiceAccount{})
	})
}

func (c *Cluster) serverArguments() []string {
	policy := filepath.Join(c.dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		c.say("no audit log: %v", err)
	}
	return append([]string{
		"--etcd-servers=" + etcdURL, "--bind-address=0.0.0.0", "--advertise-address=" + bridgeIP, "--secure-port=" + apiPort,
		"--tls-cert-file=" + c.ca.path("server.crt"), "--tls-private-key-file=" + c.ca.path("server.key"), "--client-ca-file=" + c.ca.path("ca.crt"),
		"--service-cluster-ip-range=" + serviceRange, "--authorization-mode=RBAC", "--allow-privileged", "--profiling=false",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + c.ca.path("tokens.key"), "--service-account-signing-key-file=" + c.ca.path("tokens.key"),
		"--kubelet-client-certificate=" + c.ca.path("admin.crt"), "--kubelet-client-key=" + c.ca.path("admin.key"),
		"--kubelet-certificate-authority=" + c.ca.path("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--proxy-client-cert-file=" + c.ca.path("admin.crt"), "--proxy-client-key-file=" + c.ca.path("admin.key"),
		"--audit-policy-file=" + policy, "--audit-log-path=" + c.AuditLog(),
	}, c.options.ServerArguments...)
}

func (c *Cluster) issueCertificates() error {
	ca, err := newAuthority(filepath.Join(c.dir, "pki"))
	if err != nil {
		return err
	}
	c.ca = ca
	hosts := append([]string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		"localhost", "127.0.0.1", bridgeIP, "10.96.0.1",
	}, nodeIPs()...)
	if err := ca.issue("server", pkix.Name{CommonName: "kube-apiserver"}, hosts...); err != nil {
		return err
	}
	if err := ca.issue("admin", pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(ca.path("tokens.key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// connect makes the clients and writes the kubeconfigs.
func (c *Cluster) connect() error {
	c.config = &rest.Config{
		Host: "https://127.0.0.1:" + apiPort,
		QPS:  -1,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile: c.ca.path("ca.crt"), CertFile: c.ca.path("admin.crt"), KeyFile: c.ca.path("admin.key"),
		},
	}
	if err := c.writeKubeconfig(c.Kubeconfig(), c.config.Host); err != nil {
		return err
	}
	if gate := os.Getenv(gateVariable); gate != "" {
		if err := c.writeKubeconfig(c.OutsideKubeconfig(), "https://"+gate); err != nil {
			return err
		}
		if err := c.openGate(); err != nil {
			return err
		}
	}
	var err error
	c.api, err = client.New(c.config, client.Options{})
	return err
}

func (c *Cluster) writeKubeconfig(file, server string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: server, CertificateAuthority: c.ca.path("ca.crt")}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{ClientCertificate: c.ca.path("admin.crt"), ClientKey: c.ca.path("admin.key")}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "admin"}
	config.CurrentContext = "e2e"
	return clientcmd.WriteToFile(*config, file)
}

// openGate passes on to the API server what comes through the gate.
func (c *Cluster) openGate() error {
	socket := gateSocket(c.dir)
	_ = os.Remove(socket)
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "unix", socket)
	if err != nil {
		return err
	}
	c.onStop(func() { _ = listener.Close() })
	go acceptAll(listener, func(from net.Conn) {
		dialer := net.Dialer{Timeout: time.Second}
		to, err := dialer.DialContext(context.Background(), "tcp", "127.0.0.1:"+apiPort)
		if err != nil {
			_ = from.Close()
			return
		}
		splice(from, to)
	})
	return nil
}

// ready fails until the API server has made what it makes itself.
func (c *Cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return c.api.Get(ctx, client.ObjectKey{Name: "default"}, &corev1.Namespace{})
}
