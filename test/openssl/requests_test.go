package openssl

import (
	"bytes"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
)

func asPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
}

// greedy asks for everything that a signer must not have.
const greedy = `[ req ]
distinguished_name = dn
req_extensions     = ext
[ dn ]
[ ext ]
basicConstraints = critical, CA:TRUE
keyUsage         = critical, keyCertSign, cRLSign, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth, anyExtendedKeyUsage
subjectAltName   = DNS:harbor.skao.int, email:other@skao.int
nameConstraints  = permitted;DNS:skao.int
`

// request makes a key of a kind, hsm.key, and a request for it, hsm.csr.
func (b *bench) request(kind, subject string) {
	b.Helper()
	b.openssl("genpkey " + kind + " -out hsm.key")
	b.write("greedy.cnf", []byte(greedy))
	b.openssl("req -config greedy.cnf -new -key hsm.key -out hsm.csr -subj", subject)
}

// keysInHSMs are the kinds that notation knows.
func keysInHSMs() map[string]string {
	return map[string]string{
		"RSA 2048": "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
		"RSA 3072": "-algorithm RSA -pkeyopt rsa_keygen_bits:3072",
		"P-256":    "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
		"P-384":    "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
		"P-521":    "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
	}
}

// A signer is issued for a request of openssl, and its key stays where it is.
func TestSignerForAnOpenSSLRequest(t *testing.T) {
	for name, kind := range keysInHSMs() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
			b.request(kind, "/C=GB/ST=England/O=SKAO/CN=SKAO HSM Signer/emailAddress=hsm@skao.int")
			said := b.pki("signer --name hsm --csr hsm.csr --issuer-passphrase-file pass " + signerURLs)
			b.says(said, "extensions that the request asks for are not taken over", "hsm@skao.int goes into the subject alternative name")
			const cert = "pki/hsm/1/cert.pem"
			b.openssl("verify -x509_strict -CAfile pki/root/1/cert.pem -untrusted pki/intermediate/1/cert.pem " + cert)
			if got, want := b.openssl("x509 -noout -pubkey -in "+cert), b.openssl("pkey -pubout -in hsm.key"); got != want {
				t.Errorf("the certificate is for another key:\n%s%s", got, want)
			}
			if !b.lacks("pki/hsm/1/key.pem") {
				t.Error("a key was written")
			}
			if broken := rules.Violations(b.identity("pki/hsm/1/chain.pem", "hsm.key").Chain); len(broken) > 0 {
				t.Errorf("violations: %+v", broken)
			}
			b.onlySigns(cert)
		})
	}
}

// onlySigns fails the test where a certificate has what the greedy request asks for.
func (b *bench) onlySigns(cert string) {
	b.Helper()
	text := b.openssl("x509 -noout -text -in " + cert)
	for _, tc := range []struct{ name, want string }{
		{"X509v3 Basic Constraints", "critical CA:FALSE"},
		{"X509v3 Key Usage", "critical Digital Signature"},
		{"X509v3 Extended Key Usage", "Code Signing"},
		{"X509v3 Subject Alternative Name", "email:hsm@skao.int"},
		{"X509v3 Name Constraints", ""},
	} {
		if got := extension(text, tc.name); got != tc.want {
			b.Errorf("%s is %q, want %q", tc.name, got, tc.want)
		}
	}
	if subject := b.openssl("x509 -noout -subject -in " + cert); strings.TrimSpace(subject) != "subject=C = GB, ST = England, O = SKAO, CN = SKAO HSM Signer" {
		b.Errorf("%q", subject)
	}
}

// An intermediate is issued for a request, and issues nothing without its key.
func TestIntermediateForARequest(t *testing.T) {
	b := newBench(t)
	b.issue("root --key-type ec-384", "SKAO Root CA")
	b.request("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "/C=GB/ST=England/O=SKAO/CN=SKAO Vault CA")
	b.pki("intermediate --csr hsm.csr --issuer-passphrase-file pass --crl-url http://pki.skao.int/root.crl")
	text := b.openssl("x509 -noout -text -in pki/intermediate/1/cert.pem")
	if got := extension(text, "X509v3 Basic Constraints"); got != "critical CA:TRUE, pathlen:0" {
		t.Errorf("basic constraints %q", got)
	}
	if got := extension(text, "X509v3 Key Usage"); got != "critical Certificate Sign, CRL Sign" {
		t.Errorf("key usage %q", got)
	}
	b.says(b.pkiFails("crl --issuer intermediate --passphrase-file pass"), "its key lives elsewhere")
	// openssl goes on with it, as Vault would.
	b.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key")
	b.openssl("req -new -key leaf.key -out leaf.csr -subj", "/C=GB/ST=England/O=SKAO/CN=SKAO OCI Signer")
	b.write("leaf.cnf", []byte("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nauthorityKeyIdentifier=keyid\n"))
	b.openssl("x509 -req -in leaf.csr -CA pki/intermediate/1/cert.pem -CAkey hsm.key -CAcreateserial -days 30 -extfile leaf.cnf -out leaf.pem")
	b.join("leaf.chain.pem", "leaf.pem", "pki/intermediate/1/chain.pem")
	if broken := rules.Violations(b.identity("leaf.chain.pem", "leaf.key").Chain); len(broken) > 0 {
		t.Errorf("violations: %+v", broken)
	}
	b.openssl("verify -x509_strict -CAfile pki/root/1/cert.pem -untrusted pki/intermediate/1/cert.pem leaf.pem")
}

func TestARequestIsReadInEveryFormThatOpenSSLWrites(t *testing.T) {
	b := newBench(t)
	b.request("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "/C=GB/ST=England/O=SKAO/CN=SKAO HSM Signer")
	b.openssl("req -in hsm.csr -outform DER -out der.csr")
	b.openssl("req -in hsm.csr -newhdr -out new.csr")
	b.openssl("req -in hsm.csr -text -out text.csr")
	b.says(string(b.read("new.csr")), "BEGIN NEW CERTIFICATE REQUEST")
	for _, name := range []string{"hsm.csr", "der.csr", "new.csr", "text.csr"} {
		if _, err := ca.ReadRequest(b.read(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A request that cannot be met is refused, and leaves no file.
func TestRefusedRequestsLeaveNothing(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
	const full, ec = "/C=GB/ST=England/O=SKAO/CN=SKAO HSM Signer", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
	for _, c := range []struct {
		name                string
		kind, subject, says string
		damage              bool
	}{
		{"signed by no one", ec, full, "not signed with the key that it is for", true},
		{"an Ed25519 key", "-algorithm ed25519", full, "ed25519", false},
		{"a short RSA key", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", full, "rsa-1024", false},
		{"an odd RSA key", "-algorithm RSA -pkeyopt rsa_keygen_bits:2560", full, "rsa-2560", false},
		{"a small curve", "-algorithm EC -pkeyopt ec_paramgen_curve:P-224", full, "ec-224", false},
		{"no state", ec, "/C=GB/O=SKAO/CN=SKAO HSM Signer", "ST missing", false},
		{"an unknown keyword", ec, full + "/title=Dr", "none of C, ST, L, STREET, O, OU, CN", false},
		{"two units", ec, full + "/OU=a/OU=b", "OU is there twice", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{t, b.dir}
			b.request(c.kind, c.subject)
			if c.damage {
				b.damageRequest()
			}
			before := b.tree()
			b.says(b.pkiFails("signer --name hsm --csr hsm.csr --issuer-passphrase-file pass"), c.says)
			if after := b.tree(); before != after {
				t.Errorf("the folder was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

// damageRequest changes the last octet of hsm.csr, which is the signature's.
func (b *bench) damageRequest() {
	b.Helper()
	block, _ := pem.Decode(b.read("hsm.csr"))
	block.Bytes[len(block.Bytes)-1] ^= 1
	b.write("hsm.csr", pem.EncodeToMemory(block))
	b.says(b.openssl("req -in hsm.csr -verify -noout"), "verify failure") // and it ends well all the same
}

// A subject on the command line replaces that of the request.
func TestSubjectReplacesThatOfARequest(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
	b.request("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "/CN=vault-7")
	b.issueFor("hsm.csr", "C=GB, ST=England, O=SKAO, CN=SKAO HSM Signer")
	b.says(b.openssl("x509 -noout -subject -in pki/hsm/1/cert.pem"), "subject=C = GB, ST = England, O = SKAO, CN = SKAO HSM Signer\n")
	if bytes.Contains(b.read("pki/hsm/1/chain.pem"), []byte("PRIVATE")) || !slices.Equal(b.names("pki/hsm/1"), []string{"cert.pem", "chain.pem"}) {
		t.Errorf("files: %v", b.names("pki/hsm/1"))
	}
}

func (b *bench) issueFor(request, subject string) {
	b.Helper()
	b.pki("signer --name hsm --csr "+request+" --issuer-passphrase-file pass --no-revocation", "--subject", subject)
}
