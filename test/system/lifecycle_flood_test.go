package system

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// forged is a certificate with Gatekeeper's name, and as many issuers for it, whose keys are
// slow to compute with. All have the same subject, and none has anything to do with the other:
// crypto/x509 by itself tries each as the issuer.
func forged(t *testing.T, subject pkix.Name, issuers int) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	expect.OK(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := template
	leaf.IsCA, leaf.Subject, leaf.DNSNames = false, pkix.Name{CommonName: "leaf"}, []string{rig.GatekeeperName}
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, &leaf, &template, key.Public(), key)
	expect.OK(t, err)
	chain := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	for range issuers {
		other, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		expect.OK(t, err)
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, other.Public(), other)
		expect.OK(t, err)
		chain.Certificate = append(chain.Certificate, der)
	}
	return chain
}

// knock is a number of handshakes in a row, and what the server's processor time was for them.
func (l *life) knock(t *testing.T, times int, with tls.Certificate) time.Duration {
	t.Helper()
	const used = "process_cpu_seconds_total"
	config := l.secured(nil)
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &with, nil }
	before := l.metric(t, used)
	for range times {
		if status, _, err := l.enter(t, config, question(about("none!"))); err == nil || timedOut(err) {
			t.Fatalf("a stranger got status %d, %v", status, err)
		}
	}
	return time.Duration((l.metric(t, used) - before) * float64(time.Second))
}

// A hundred issuers made a handshake cost 320 ms, where a stranger's is worth one.
func TestAStrangersChainCostsNoMoreThanAnyStranger(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	l.askers.end()
	const times = 20
	plain := l.knock(t, times, tls.Certificate{})
	for _, tc := range []struct {
		name string
		with tls.Certificate
	}{
		{"a hundred issuers", forged(t, pkix.Name{CommonName: "I"}, 100)},
		{"three issuers", forged(t, pkix.Name{CommonName: "I"}, 3)},
		{"issuers of the authority's name", forged(t, l.ClientCA.Cert.Subject, 3)},
	} {
		took := l.knock(t, times, tc.with)
		if took > 5*plain+times*10*time.Millisecond {
			t.Errorf("%s: %d handshakes cost %v; those of a plain stranger %v", tc.name, times, took, plain)
		}
		t.Logf("%s: %v a handshake; a plain stranger's: %v", tc.name, took/times, plain/times)
	}
}

// holdOpen opens connections that are not used, but for what each sends first, until the
// test ends: a hundred at a time, as the server hangs up on each after five seconds.
func (l *life) holdOpen(t *testing.T, address string, hundreds int, first []byte) {
	t.Helper()
	for range hundreds {
		var opening sync.WaitGroup
		for range 100 {
			opening.Go(func() {
				conn, err := net.DialTimeout("tcp", strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://"), rig.Patience)
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(func() { conn.Close() })
				_, _ = conn.Write(first) // it may be closed already
			})
		}
		opening.Wait()
	}
}

// Strangers open connections by the hundred at both doors, and begin a handshake that never
// ends. They are few at a time, hold little, and keep no client out.
func TestStrangersConnectionsAreFewAndHoldLittle(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	before := l.use(t)
	// A hello of 64 KiB in four records, of which the last is left out; and one that stays
	// within the bound, and stops.
	hello := append([]byte{1, 0, 0xff, 0xf0}, bytes.Repeat([]byte{0}, 3*16384-4)...)
	var endless []byte
	for i := range 3 {
		endless = append(append(endless, 22, 3, 1, 0x40, 0), hello[i*16384:(i+1)*16384]...)
	}
	const closed = `notation_provider_connections_closed_total{listener="gatekeeper"}`
	l.holdOpen(t, l.server.AdminURL, 2, []byte("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))
	l.holdOpen(t, l.server.URL, 5, endless)
	rig.Eventually(t, "some are closed to make room", func() error {
		l.holdOpen(t, l.server.URL, 4, endless[:16000])
		if l.metric(t, closed) == 0 {
			return errors.New("none is")
		}
		return nil
	})
	during := l.use(t)
	for _, tc := range []struct {
		series string
		most   float64
	}{
		{`notation_provider_connections{listener="gatekeeper",state="handshake"}`, 256},
		{`notation_provider_connections{listener="admin",state="open"}`, 64},
	} {
		if got := l.metric(t, tc.series); got > tc.most {
			t.Errorf("%s is %v; want %v at most", tc.series, got, tc.most)
		}
	}
	if more := during.descriptors - before.descriptors; more > 256+64+20 {
		t.Errorf("%v descriptors more", more)
	}
	most := 64.0 * megabyte
	if binaries.ServerRaces() {
		most *= 4 // of which most is the detector's
	}
	if more := during.memory - before.memory; more > most {
		t.Errorf("%v MiB more", more/megabyte)
	}
	t.Logf("%+v became %+v", before, during)
	l.askers.more(t)
	if status, _ := l.admin(t, "/readyz"); status != 200 {
		t.Errorf("readiness is %d", status)
	}
}

// The bytes of a handshake are bounded, and the log says so.
func TestAHandshakeThatIsTooLongIsHungUpOn(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	_ = l.knock(t, 1, forged(t, pkix.Name{CommonName: "I"}, 100))
	rig.Eventually(t, "the log names the bound", func() error {
		if !strings.Contains(l.server.Log(), "the client has sent 16384 bytes before the end of the TLS handshake") {
			return io.EOF
		}
		return nil
	})
	if status, _, err := l.enter(t, l.secured(l.ClientCert), question(about(strings.Repeat("x", 1<<19)))); err != nil || status != 200 {
		t.Error(fmt.Errorf("Gatekeeper's long question: status %d, %w", status, err))
	}
}
