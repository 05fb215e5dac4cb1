package ca_test

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"testing"
	"time"

	corex509 "github.com/notaryproject/notation-core-go/x509"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// chain is a root, an intermediate and a signer of elliptic curve keys.
type chain struct {
	root, intermediate *ca.CA
	signer             *ca.Identity
}

func newChain(tb testing.TB, signer ca.Options) chain {
	tb.Helper()
	long := ca.Options{NotBefore: time.Now().AddDate(-10, 0, 0)}
	root := expect.Must(ca.NewRoot(long))(tb)
	intermediate := expect.Must(root.Intermediate(long))(tb)
	return chain{root, intermediate, expect.Must(intermediate.Signer(signer))(tb)}
}

func TestEveryKeyTypeMakesAChainThatNotationAccepts(t *testing.T) {
	root := expect.Must(ca.NewRoot(ca.Options{}))(t)
	for _, keyType := range ca.KeyTypes() {
		t.Run(string(keyType), func(t *testing.T) {
			t.Parallel()
			key := expect.Must(keyType.Generate())(t) // once for all: RSA keys are slow to make
			opts := ca.Options{Key: key}
			intermediate := expect.Must(root.Intermediate(opts))(t)
			three := expect.Must(intermediate.Signer(opts))(t)
			two := expect.Must(root.Signer(opts))(t)
			one := expect.Must(ca.SelfSigned(opts))(t)
			stamper := expect.Must(intermediate.TSA(opts))(t)
			for _, tc := range []struct {
				n  int
				id *ca.Identity
			}{{1, one}, {2, two}, {3, three}} {
				if len(tc.id.Chain) != tc.n {
					t.Errorf("chain has %d certificates, want %d", len(tc.id.Chain), tc.n)
				}
				now := time.Now()
				if err := corex509.ValidateCodeSigningCertChain(tc.id.Chain, &now); err != nil {
					t.Errorf("chain of %d: %v", tc.n, err)
				}
			}
			if err := corex509.ValidateTimestampingCertChain(stamper.Chain); err != nil {
				t.Errorf("timestamping chain: %v", err)
			}
		})
	}
}

func TestCertificatesSayWhatTheSpecificationAsks(t *testing.T) {
	c := newChain(t, ca.Options{CRLURLs: []string{"http://crl.example"}, OCSPURLs: []string{"http://ocsp.example"}})
	signer, intermediate, root := c.signer.Cert, c.intermediate.Cert, c.root.Cert
	for _, cert := range []*x509.Certificate{signer, intermediate, root} {
		if bits := cert.SerialNumber.BitLen(); bits > 159 || bits < 100 {
			t.Errorf("%s: serial number of %d bits", cert.Subject, bits)
		}
		if len(cert.SubjectKeyId) != 20 {
			t.Errorf("%s: subject key id %x", cert.Subject, cert.SubjectKeyId)
		}
	}
	if string(signer.AuthorityKeyId) != string(intermediate.SubjectKeyId) {
		t.Errorf("the signer names %x as its issuer's key, want %x", signer.AuthorityKeyId, intermediate.SubjectKeyId)
	}
	if signer.IsCA || len(signer.ExtKeyUsage) != 1 || signer.ExtKeyUsage[0] != x509.ExtKeyUsageCodeSigning {
		t.Errorf("the signer is a CA (%t) or may do %v", signer.IsCA, signer.ExtKeyUsage)
	}
	if !intermediate.MaxPathLenZero || root.MaxPathLen != -1 {
		t.Errorf("path lengths: intermediate %d, root %d", intermediate.MaxPathLen, root.MaxPathLen)
	}
	if got, want := ca.TrustedIdentity(signer), "x509.subject: CN=Example Signer,O=Example,ST=Example,C=XX"; got != want {
		t.Errorf("trusted identity %q, want %q", got, want)
	}
	if signer.CRLDistributionPoints[0] != "http://crl.example" || signer.OCSPServer[0] != "http://ocsp.example" {
		t.Errorf("revocation at %v and %v", signer.CRLDistributionPoints, signer.OCSPServer)
	}
}

func TestDefaultValidityStaysWithinTheIssuers(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	root := expect.Must(ca.NewRoot(ca.Options{NotAfter: soon}))(t)
	signer := expect.Must(root.Signer(ca.Options{}))(t)
	if signer.Cert.NotAfter.After(root.Cert.NotAfter) || signer.Cert.NotBefore.Before(root.Cert.NotBefore) {
		t.Errorf("signer holds %s to %s", signer.Cert.NotBefore, signer.Cert.NotAfter)
	}
	if _, err := root.Signer(ca.Options{NotBefore: soon, NotAfter: soon}); err == nil {
		t.Error("made a certificate that never holds")
	}
}

func TestTLSHoldsBetweenServerAndClient(t *testing.T) {
	issuer := expect.Must(ca.NewRoot(ca.Options{}))(t)
	server := expect.Must(issuer.Server(ca.Options{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}))(t)
	client := expect.Must(issuer.Peer(ca.Options{KeyType: ca.RSA2048, DNSNames: []string{"client.example"}}))(t)
	listener := expect.Must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{server.TLS()},
		ClientCAs:    ca.Pool(issuer.Cert),
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS13,
	}))(t)
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = http.Serve(listener, http.NotFoundHandler()) }()

	asked := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs:      ca.Pool(issuer.Cert),
		Certificates: []tls.Certificate{client.TLS()},
	}}}
	response := expect.Must(asked.Get("https://" + listener.Addr().String()))(t)
	_ = response.Body.Close()
	asked.CloseIdleConnections()
}

func TestKeysAndCertificatesReadBackFromPEM(t *testing.T) {
	key := expect.Must(ca.RSA2048.Generate())(t).(*rsa.PrivateKey)
	id := expect.Must(ca.SelfSigned(ca.Options{Key: key}))(t)
	keyPEM := expect.Must(ca.EncodeKey(key))(t)
	pair := expect.Must(tls.X509KeyPair(ca.EncodeCertificates(id.Chain...), keyPEM))(t)
	if !key.Equal(pair.PrivateKey) || !pair.Leaf.Equal(id.Cert) {
		t.Error("another key or certificate came back")
	}
}
