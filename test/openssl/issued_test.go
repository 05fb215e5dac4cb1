package openssl

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Where the CRLs and OCSP answers of the chains here would be.
const (
	rootURLs   = "--crl-url http://pki.skao.int/root.crl --ocsp-url http://ocsp.skao.int/root"
	signerURLs = "--crl-url http://pki.skao.int/oci.crl --crl-url http://mirror.skao.int/oci.crl --ocsp-url http://ocsp.skao.int/oci"
)

// chain makes a root, an intermediate and a signer by notation-pki.
func (b *bench) chain(root, intermediate, signer ca.KeyType) {
	b.Helper()
	b.issue(fmt.Sprintf("root --key-type %s", root), "SKAO Root CA")
	b.issue(fmt.Sprintf("intermediate --key-type %s %s", intermediate, rootURLs), "SKAO OCI Intermediate CA")
	b.issue(fmt.Sprintf("signer --key-type %s --uri-san https://skao.int/pipeline %s", signer, signerURLs), "SKAO OCI Signer, emailAddress=oci@skao.int")
}

// verify is openssl's command line for our chain; flags come before.
const verify = " -CAfile pki/root/1/cert.pem -untrusted pki/intermediate/1/cert.pem pki/signer/1/cert.pem"

// crlsAsPEM gathers our CRLs in the form that openssl verify takes.
func (b *bench) crlsAsPEM(name string, crls ...string) {
	b.Helper()
	var all []byte
	for _, crl := range crls {
		all = append(all, b.openssl("crl -inform DER -in pki/"+crl+".crl")...)
	}
	b.write(name, all)
}

func TestOpenSSLTakesOurChainsStrictlyWhateverTheirKeys(t *testing.T) {
	for _, keys := range [][3]ca.KeyType{
		{ca.ECP521, ca.ECP384, ca.ECP256},
		{ca.ECP384, ca.ECP256, ca.RSA3072},
		{ca.RSA2048, ca.RSA2048, ca.ECP521},
	} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			b := newBench(t)
			b.chain(keys[0], keys[1], keys[2])
			for _, flags := range []string{"", " -x509_strict", " -purpose any", " -x509_strict -check_ss_sig -purpose any -auth_level 1"} {
				b.says(b.openssl("verify"+flags+verify), "signer/1/cert.pem: OK")
			}
			b.openssl("verify -x509_strict -purpose crlsign -CAfile pki/root/1/cert.pem pki/intermediate/1/cert.pem")
		})
	}
}

func TestOpenSSLTakesASignerForNothingButCode(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
	for _, purpose := range []string{"sslclient", "sslserver", "smimesign", "smimeencrypt", "timestampsign", "crlsign"} {
		b.says(b.opensslFails("verify -purpose "+purpose+verify), "unsuitable certificate purpose")
	}
	// The command knows the purpose since 3.2.
	if strings.Contains(b.openssl("verify -help"), "codesign") {
		b.openssl("verify -purpose codesign" + verify)
	}
}

// By default CAs have RSA-4096 keys, and certificates are valid for 100, 10 and 1 years.
func TestDefaultKeysAndValidity(t *testing.T) {
	if testing.Short() {
		t.Skip("such keys take long to make")
	}
	b := newBench(t)
	b.issue("root", "SKAO Root CA")
	b.issue("intermediate "+rootURLs, "SKAO OCI Intermediate CA")
	b.issue("signer "+signerURLs, "SKAO OCI Signer")
	b.openssl("verify -x509_strict" + verify)
	for _, c := range []struct {
		name string
		key  string
		days int
	}{
		{"root", "Public-Key: (4096 bit)", 36500},
		{"intermediate", "Public-Key: (4096 bit)", 3650},
		{"signer", "NIST CURVE: P-256", 365},
	} {
		file := "pki/" + c.name + "/1/cert.pem"
		b.says(b.openssl("x509 -noout -text -in "+file), c.key)
		b.openssl(fmt.Sprintf("x509 -noout -in %s -checkend %d", file, c.days*86400-600))
		b.opensslFails(fmt.Sprintf("x509 -noout -in %s -checkend %d", file, c.days*86400+600))
	}
}

// extension is what openssl prints below the line that begins so, up to the next extension.
func extension(text, name string) string {
	const indent = "\n            " // of an extension's own line; its value is further in
	_, after, found := strings.Cut(text, indent+name+":")
	if !found {
		return ""
	}
	var value strings.Builder
	for i, line := range strings.Split(after, "\n") {
		if i > 0 && !strings.HasPrefix(line, strings.TrimPrefix(indent, "\n")+" ") {
			break
		}
		value.WriteString(" " + strings.TrimSpace(line))
	}
	return strings.Join(strings.Fields(value.String()), " ")
}

// openssl reads the fields of our certificates as they are meant.
func TestOpenSSLReadsOurCertificates(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
	const ski, aki = "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier"
	texts := map[string]string{}
	for _, name := range []string{"root", "intermediate", "signer"} {
		texts[name] = b.openssl("x509 -noout -text -in pki/" + name + "/1/cert.pem")
	}
	for _, tc := range []struct {
		name string
		want map[string]string
	}{
		{"root", map[string]string{
			"X509v3 Basic Constraints": "critical CA:TRUE",
			"X509v3 Key Usage":         "critical Certificate Sign, CRL Sign",
		}},
		{"intermediate", map[string]string{
			"X509v3 Basic Constraints":       "critical CA:TRUE, pathlen:0",
			"X509v3 Key Usage":               "critical Certificate Sign, CRL Sign",
			"X509v3 Extended Key Usage":      "",
			"X509v3 CRL Distribution Points": "Full Name: URI:http://pki.skao.int/root.crl",
			"Authority Information Access":   "OCSP - URI:http://ocsp.skao.int/root",
			aki:                              extension(texts["root"], ski),
		}},
		{"signer", map[string]string{
			"X509v3 Basic Constraints":            "critical CA:FALSE",
			"X509v3 Key Usage":                    "critical Digital Signature",
			"X509v3 Extended Key Usage":           "Code Signing",
			"X509v3 Subject Alternative Name":     "email:oci@skao.int, URI:https://skao.int/pipeline",
			"X509v3 CRL Distribution Points":      "Full Name: URI:http://pki.skao.int/oci.crl Full Name: URI:http://mirror.skao.int/oci.crl",
			"Authority Information Access":        "OCSP - URI:http://ocsp.skao.int/oci",
			aki:                                   extension(texts["intermediate"], ski),
			"X509v3 Issuer Alternative Name":      "",
			"X509v3 Certificate Policies":         "",
			"X509v3 Private Key Usage Period":     "",
			"X509v3 Inhibit Any Policy":           "",
			"X509v3 Name Constraints":             "",
			"Subject Information Access":          "",
			"X509v3 Delta CRL Locator":            "",
			"X509v3 Subject Directory Attributes": "",
		}},
	} {
		for extensionName, value := range tc.want {
			if got := extension(texts[tc.name], extensionName); got != value {
				t.Errorf("%s: %s is %q, want %q", tc.name, extensionName, got, value)
			}
		}
		if len(extension(texts[tc.name], ski)) != 59 { // 20 octets, a colon between two
			t.Errorf("%s: subject key identifier %q", tc.name, extension(texts[tc.name], ski))
		}
	}
	if subject := b.openssl("x509 -noout -subject -in pki/signer/1/cert.pem"); !strings.Contains(
		subject, "C = GB, ST = England, L = Cheshire, O = SKAO, OU = SKAO, CN = SKAO OCI Signer\n") {
		t.Errorf("subject %q", subject)
	}
}

// Serial numbers are positive, have at most 20 octets, and never repeat.
func TestSerialNumbers(t *testing.T) {
	b := newBench(t)
	b.issue("root --key-type ec-256", "SKAO Root CA")
	seen := map[string]bool{}
	long := 0
	for i := range 12 {
		name := fmt.Sprintf("ca%d", i)
		b.issue("intermediate --key-type ec-256 --crl-url http://pki.skao.int/root.crl --name "+name, "SKAO CA")
		serial := b.serial("pki/" + name + "/1/cert.pem")
		if strings.HasPrefix(serial, "-") || len(serial) > 40 || seen[serial] {
			t.Errorf("serial %s, after %v", serial, seen)
		}
		if len(serial) == 40 {
			long++
		}
		seen[serial] = true
		if b.lacks("pki/root/1/issued/" + serial + ".pem") {
			t.Errorf("%s is not recorded by the name that openssl gives it", serial)
		}
	}
	// One in 256 is shorter.
	if long < 6 {
		t.Errorf("%d of 12 serial numbers have 20 octets", long)
	}
}

func TestOpenSSLReadsInOurCRLsWhatIsRevokedAndWhy(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.RSA2048, ca.ECP256)
	b.pki("crl --issuer root --passphrase-file pass --next-update 8760h")
	b.pki("crl --issuer intermediate --passphrase-file pass")
	b.crlsAsPEM("crls.pem", "root/1/crl/1", "intermediate/1/crl/1")
	const check = "verify -x509_strict -crl_check_all -CRLfile crls.pem"
	b.openssl(check + verify)
	b.says(b.opensslFails("verify -crl_check_all"+verify), "unable to get certificate CRL")

	b.pki("crl --issuer intermediate --passphrase-file pass --reason keyCompromise --revoke " + b.serial("pki/signer/1/cert.pem"))
	b.crlsAsPEM("crls.pem", "root/1/crl/1", "intermediate/1/crl/2")
	b.says(b.opensslFails(check+verify), "error 23 at 0 depth lookup: certificate revoked")
	text := b.openssl("crl -inform DER -noout -text -in pki/intermediate/1/crl/2.crl")
	b.says(text, "Version 2", b.serial("pki/signer/1/cert.pem"), "Key Compromise", "X509v3 CRL Number: \n                2\n", "Authority Key Identifier")
	b.openssl("crl -inform DER -noout -in pki/intermediate/1/crl/2.crl -CAfile pki/intermediate/1/cert.pem")

	b.pki("crl --issuer root --passphrase-file pass --reason superseded --revoke pki/intermediate/1/cert.pem")
	b.crlsAsPEM("crls.pem", "root/1/crl/2", "intermediate/1/crl/1")
	b.says(b.opensslFails(check+verify), "error 23 at 1 depth lookup: certificate revoked")
	b.says(b.openssl("crl -inform DER -noout -text -in pki/root/1/crl/2.crl"), "Superseded")
}

func TestACRLHoldsUntilItsNextUpdateAndNoLonger(t *testing.T) {
	b := newBench(t)
	b.chain(ca.ECP384, ca.ECP256, ca.ECP256)
	b.pki("crl --issuer root --passphrase-file pass --next-update 8760h")
	b.pki("crl --issuer intermediate --passphrase-file pass --next-update 48h")
	b.crlsAsPEM("crls.pem", "root/1/crl/1", "intermediate/1/crl/1")
	from := b.certificate("pki/signer/1/cert.pem").NotBefore.Unix() + 300 // now
	for _, tc := range []struct {
		at    int64
		holds bool
	}{{from - 60, true}, {from + 47*3600, true}, {from + 49*3600, false}} {
		line := fmt.Sprintf("verify -crl_check_all -CRLfile crls.pem -attime %d", tc.at)
		if tc.holds {
			b.openssl(line + verify)
		} else {
			b.says(b.opensslFails(line+verify), "CRL has expired")
		}
	}
}

func TestEveryReasonIsTheOneThatOpenSSLReads(t *testing.T) {
	b := newBench(t)
	b.issue("root --key-type ec-256", "SKAO Root CA")
	for i, reason := range ca.RevocationReasons() {
		b.pki(fmt.Sprintf("crl --issuer root --passphrase-file pass --unrecorded --reason %s --revoke %X", reason, 0x1000+i))
	}
	text := b.openssl(fmt.Sprintf("crl -inform DER -noout -text -in pki/root/1/crl/%d.crl", len(ca.RevocationReasons())))
	for i, want := range []string{"", "Key Compromise", "CA Compromise", "Affiliation Changed", "Superseded", "Cessation Of Operation"} {
		_, entry, _ := strings.Cut(text, fmt.Sprintf("Serial Number: %X\n", 0x1000+i))
		entry, _, _ = strings.Cut(entry, "Serial Number:")
		if _, said, given := strings.Cut(entry, "Reason Code: \n"); given != (want != "") || !strings.HasPrefix(strings.TrimSpace(said), want) {
			t.Errorf("%s: openssl reads %q, want %q", ca.RevocationReasons()[i], entry, want)
		}
	}
}
