package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"testing"
	"time"
)

const clientName = "gatekeeper-webhook-service.gatekeeper-system.svc"

// authority is a certificate authority of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// leaf is a certificate with its key.
type leaf struct {
	certPEM, keyPEM []byte
	pair            tls.Certificate
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	template := template(name)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	template.NotAfter = time.Now().Add(24 * time.Hour)
	key := newKey(t)
	return authority{sign(t, template, template, key, key), key}
}

// server issues a serving certificate for 127.0.0.1, changed by edit.
func (a authority) server(t *testing.T, edit ...func(*x509.Certificate)) leaf {
	t.Helper()
	return a.issue(t, append([]func(*x509.Certificate){func(c *x509.Certificate) {
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}}, edit...)...)
}

// client issues Gatekeeper's certificate, changed by edit.
func (a authority) client(t *testing.T, edit ...func(*x509.Certificate)) leaf {
	t.Helper()
	return a.issue(t, append([]func(*x509.Certificate){func(c *x509.Certificate) {
		c.DNSNames = []string{clientName}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}}, edit...)...)
}

func (a authority) issue(t *testing.T, edit ...func(*x509.Certificate)) leaf {
	t.Helper()
	template := template("leaf")
	for _, e := range edit {
		e(template)
	}
	key := newKey(t)
	cert := sign(t, template, a.cert, key, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return leaf{
		certPEM: pemOf("CERTIFICATE", cert.Raw),
		keyPEM:  pemOf("PRIVATE KEY", der),
		pair:    tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert},
	}
}

func (a authority) pem() []byte { return pemOf("CERTIFICATE", a.cert.Raw) }

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func sign(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
