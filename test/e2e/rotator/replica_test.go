//go:build e2e

package rotator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// replica is a replica of the server: it listens with what it took up of the Secret, some
// time after that changed.
type replica struct {
	address string
	mu      sync.Mutex
	serves  *tls.Certificate
}

// kubelet is how long a change of the Secret takes to arrive.
const kubelet = time.Second

func newReplica(t testing.TB) *replica {
	t.Helper()
	r := &replica{}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := r.certificate(); c != nil {
				return c, nil
			}
			return nil, errors.New("there is no certificate yet")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var all sync.WaitGroup
	all.Go(func() { serve(listener) })
	all.Go(func() { r.takeUp(ctx) })
	t.Cleanup(func() { cancel(); _ = listener.Close(); all.Wait() })
	return r
}

func serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() { _ = connection.(*tls.Conn).Handshake(); _ = connection.Close() }()
	}
}

func (r *replica) certificate() *tls.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.serves
}

func (r *replica) takeUp(ctx context.Context) {
	tick := time.NewTicker(kubelet)
	defer tick.Stop()
	for ctx.Err() == nil {
		if secret, err := getSecret(ctx); err == nil {
			if pair, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"]); err == nil {
				r.mu.Lock()
				r.serves = &pair
				r.mu.Unlock()
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func getSecret(ctx context.Context) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	return secret, cluster.admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: tlsSecret}, secret)
}

// bundle is the caBundle of a Provider, in PEM.
func bundle(ctx context.Context, name string) ([]byte, error) {
	p := newProvider(name)
	if err := cluster.admin.Get(ctx, client.ObjectKey{Name: name}, p); err != nil {
		return nil, err
	}
	text, _, _ := unstructured.NestedString(p.Object, "spec", "caBundle")
	return base64.StdEncoding.DecodeString(text)
}

// trusted returns why Gatekeeper would not take the replica's answers: it dials with the
// caBundle of each Provider.
func (r *replica) trusted(ctx context.Context) error {
	for _, name := range providerNames() {
		roots, err := bundle(ctx, name)
		if err != nil {
			return err
		}
		c := r.certificate()
		if c == nil {
			return errors.New("it has no certificate yet")
		}
		_, err = c.Leaf.Verify(x509.VerifyOptions{Roots: pool(roots), DNSName: "notation-provider.notation-provider.svc", KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		if err != nil {
			return fmt.Errorf("Provider %q: %w", name, err)
		}
	}
	return nil
}

// watched fails the test if the replica is not trusted at any time until the returned
// function is called. The certificate is read after the caBundles: one that comes in
// between must be trusted already.
func (r *replica) watched(t testing.TB) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var looks int
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := r.trusted(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("the replica is not trusted: %v", err)
				return
			}
			looks++
		}
	}()
	return func() {
		t.Helper()
		cancel()
		if <-done; looks < 100 {
			t.Errorf("there were %d looks only", looks)
		}
	}
}
