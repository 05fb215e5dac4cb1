package openssl

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// stamp sends query.tsq by HTTP, as the specification of the protocol has it, and keeps the answer as reply.tsr.
func (b *bench) stamp(url string) {
	b.Helper()
	response := rig.Must(http.Post(url, "application/timestamp-query", bytes.NewReader(b.read("query.tsq"))))(b)
	defer response.Body.Close()
	reply := rig.Must(io.ReadAll(response.Body))(b)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/timestamp-reply" {
		b.Fatalf("%s, %s: %s", response.Status, response.Header.Get("Content-Type"), reply)
	}
	b.write("reply.tsr", reply)
}

func TestOpenSSLAcceptsTheStampsOfOurTimestampAuthority(t *testing.T) {
	b := newBench(t)
	w := rig.ForTest(t)
	url := w.Endpoints.PublishTSA(w.TSA)
	b.write("tsa.pem", ca.EncodeCertificates(w.TSA.Root()))
	b.write("stranger.pem", ca.EncodeCertificates(w.SKAO.Root.Cert))
	b.write("stamper.pem", ca.EncodeCertificates(w.TSA.Cert))
	b.write("data", []byte("what is stamped"))
	b.write("other", []byte("what is not"))
	for _, tc := range []struct{ name, options string }{
		{"SHA-256 with its certificate", "-sha256 -cert"},
		{"SHA-384", "-sha384 -cert"},
		{"SHA-512 without a nonce", "-sha512 -cert -no_nonce"},
		{"a policy that is asked for", "-sha256 -cert -tspolicy 1.3.6.1.4.1.32473.7"},
		{"no certificate", "-sha256"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &bench{t, b.dir}
			b.openssl("ts -query -data data -out query.tsq " + tc.options)
			b.stamp(url)
			by := " -CAfile tsa.pem"
			if !strings.Contains(tc.options, "-cert") {
				by += " -untrusted stamper.pem"
			}
			b.says(b.openssl("ts -verify -in reply.tsr -queryfile query.tsq"+by), "Verification: OK")
			b.says(b.openssl("ts -verify -in reply.tsr -data data"+by), "Verification: OK")
			b.opensslFails("ts -verify -in reply.tsr -data other" + by)
			b.opensslFails("ts -verify -in reply.tsr -queryfile query.tsq" + strings.Replace(by, "tsa.pem", "stranger.pem", 1))
			text := b.openssl("ts -reply -text -in reply.tsr")
			b.says(text, "Status: Granted.", "Accuracy: 0x01 seconds")
			if policy, _, asked := strings.Cut(tc.options, "-tspolicy "); asked {
				b.says(text, "Policy OID: "+strings.TrimPrefix(tc.options, policy+"-tspolicy "))
			}
		})
	}
}

func TestAStampOfAnotherQueryIsNotTaken(t *testing.T) {
	b := newBench(t)
	w := rig.ForTest(t)
	b.write("tsa.pem", ca.EncodeCertificates(w.TSA.Root()))
	b.write("data", []byte("what is stamped"))
	b.openssl("ts -query -data data -out query.tsq -sha256 -cert")
	b.stamp(w.Endpoints.PublishTSA(w.TSA))
	b.openssl("ts -query -data data -out again.tsq -sha256 -cert")
	b.says(b.opensslFails("ts -verify -in reply.tsr -queryfile again.tsq -CAfile tsa.pem"), "nonce")
}

// A malformed timestamp query is rejected, and so is one with a broken digest.
func TestTimestampQueriesThatAreRejected(t *testing.T) {
	b := newBench(t)
	w := rig.ForTest(t)
	url := w.Endpoints.PublishTSA(w.TSA)
	b.write("data", []byte("what is stamped"))
	b.write("query.tsq", []byte("no query"))
	b.stamp(url)
	b.says(b.openssl("ts -reply -text -in reply.tsr"), "Status: Rejected.", "wrong format")
}
