package openssl

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const (
	skao     = "/C=UK/ST=England/L=Cheshire/O=SKAO/OU=SKAO"
	caName   = skao + "/CN=SKAO Certificate Authority"
	ociName  = skao + "/CN=SKAO OCI Certificate Authority"
	signName = skao + "/CN=SKAO OCI Signing Identity"
	identity = "x509.subject: C=UK, ST=England, L=Cheshire, O=SKAO, OU=SKAO, CN=SKAO OCI Signing Identity"
)

// adopt lays a CA made elsewhere where notation-pki finds it.
func (b *bench) adopt(name, key string, chain ...string) {
	b.Helper()
	b.join("pki/"+name+"/1/cert.pem", chain[0])
	b.join("pki/"+name+"/1/key.pem", key)
	b.join("pki/"+name+"/1/chain.pem", chain...)
}

// world is a registry, and an image in it that openssl's identity signed.
type world struct {
	*rig.Test
	registry *rig.Registry
	image    rig.Image
	allow    []string // what the server may dial beside
}

func (b *bench) world(signer *ca.Identity) world {
	b.Helper()
	w := rig.ForTest(b.T)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/app", "1")
	w.Sign(image, rig.Signature{By: signer})
	return world{Test: w, registry: r, image: image}
}

// verdict is what the real server says of the image, trusting what a bundle says.
func (b *bench) verdict(w world, folder string) string {
	b.Helper()
	server := w.Provider(rig.ProviderOptions{
		Binary: rig.Must(binaries.Command("notation-provider"))(b), Registries: []*rig.Registry{w.registry},
		Edit: func(c *config.Config) {
			c.Trust = config.Trust{PolicyFile: b.path(folder + "/trustpolicy.json"), StoreDir: b.path(folder + "/truststore")}
			c.Egress.Allow = append(c.Egress.Allow, w.allow...)
		},
	})
	asker := w.GatekeeperClient(server.URL)
	asker.Timeout = 30
	answer := rig.Must(asker.Validate(b.Context(), w.image.Pinned()))(b)
	item := answer.Items[w.image.Pinned()]
	if value, ok := item.Value.(map[string]any); ok && item.Error == "" && value["verified"] == true {
		return "verified"
	}
	return item.Error + answer.SystemError
}

func TestAChainMadeByTheRecipePutRightVerifiesImages(t *testing.T) {
	for _, bits := range []int{2048, 4096} {
		t.Run(fmt.Sprintf("rsa-%d", bits), func(t *testing.T) {
			if bits > 2048 && testing.Short() {
				t.Skip("such keys take long to make")
			}
			b := newBench(t)
			b.recipe("openssl.cnf", bits, "oci", signName)
			signer := b.identity("signer.chain.pem", "signer.key")
			if broken := rules.Violations(signer.Chain); len(broken) > 0 {
				t.Errorf("violations of what the recipe makes: %+v", broken)
			}
			w := b.world(signer)
			b.pki("bundle --ca ca.pem --out trust --scope "+w.image.Name(), "--identity", identity)
			if got := b.verdict(w, "trust"); got != "verified" {
				t.Errorf("an image that it signed is %s", got)
			}
			b.pki("bundle --ca ca.pem --out others --scope "+w.image.Name(), "--identity", strings.Replace(identity, "Cheshire", "Kent", 1))
			if got := b.verdict(w, "others"); !strings.HasPrefix(got, "untrusted: ") {
				t.Errorf("where another is trusted it is %s", got)
			}
		})
	}
}

func TestACAMadeByOpenSSLGoesOnWithNotationPKI(t *testing.T) {
	b := newBench(t)
	b.recipe("openssl.cnf", 2048, "oci", signName)
	b.adopt("root", "ca.key", "ca.pem")
	b.adopt("intermediate", "oci.key", "oci.pem", "ca.pem")
	b.issue("signer --key-type ec-256 --crl-url http://pki.skao.int/oci.crl", "SKAO OCI Signer")
	b.issue("intermediate --key-type ec-256 --name second --crl-url http://pki.skao.int/root.crl", "SKAO Second CA")
	b.openssl("verify -x509_strict -CAfile ca.pem -untrusted oci.pem pki/signer/1/cert.pem")
	b.openssl("verify -x509_strict -CAfile ca.pem pki/second/1/cert.pem")

	// What openssl issued is not on our record, but the file tells that it is ours to revoke.
	b.pki("crl --issuer intermediate --passphrase-file pass --reason superseded --revoke signer.pem")
	b.crlsAsPEM("crls.pem", "intermediate/1/crl/1")
	b.says(b.opensslFails("verify -crl_check -CRLfile crls.pem -CAfile ca.pem -untrusted oci.pem signer.pem"), "certificate revoked")
	b.openssl("verify -crl_check -CRLfile crls.pem -CAfile ca.pem -untrusted oci.pem pki/signer/1/cert.pem")

}

func TestTheServerFetchesTheCRLOfAnAdoptedCAAndHeedsIt(t *testing.T) {
	b := newBench(t)
	b.recipe("openssl.cnf", 2048, "oci", signName)
	b.adopt("root", "ca.key", "ca.pem")
	b.adopt("intermediate", "oci.key", "oci.pem", "ca.pem")
	web := httptest.NewServer(http.FileServer(http.Dir(b.path("pki/intermediate/1/crl"))))
	t.Cleanup(web.Close)
	b.pki("crl --issuer intermediate --passphrase-file pass")
	b.issue("signer --key-type ec-256 --crl-url "+web.URL+"/1.crl", "SKAO OCI Signer")
	w := b.world(b.identity("pki/signer/1/chain.pem", "pki/signer/1/key.pem"))
	w.allow = []string{strings.TrimPrefix(web.URL, "http://")}
	b.pki("bundle --out trust --scope " + w.image.Name())
	if got := b.verdict(w, "trust"); got != "verified" {
		t.Errorf("an image signed by a signer of the adopted CA is %s", got)
	}
	b.pki("crl --issuer intermediate --passphrase-file pass --reason keyCompromise --revoke pki/signer/1/cert.pem")
	b.join("pki/intermediate/1/crl/1.crl", "pki/intermediate/1/crl/2.crl")
	if got := b.verdict(w, "trust"); !strings.HasPrefix(got, "revoked: ") {
		t.Errorf("after its signer was revoked it is %s", got)
	}
}

func TestACRLThatOpenSSLIssuedIsContinued(t *testing.T) {
	b := newBench(t)
	b.recipe("openssl.cnf", 2048, "oci", signName)
	b.adopt("intermediate", "oci.key", "oci.pem", "ca.pem")
	b.openssl("ca -config openssl.cnf -name oci_ca -passin file:pass -crl_reason keyCompromise -revoke signer.pem")
	b.write("crlnumber", []byte("2A\n"))
	b.openssl("ca -config openssl.cnf -name oci_ca -passin file:pass -gencrl -out last.pem")
	b.join("pki/intermediate/1/crl/42.crl", "last.pem")
	b.says(b.pki("crl --issuer intermediate --passphrase-file pass"), "crl/43.crl", "number       43", "keyCompromise")
	text := b.openssl("crl -inform DER -noout -text -in pki/intermediate/1/crl/43.crl")
	b.says(text, "Key Compromise", b.serial("signer.pem"))
}

// serial is a certificate's serial number as openssl prints it.
func (b *bench) serial(cert string) string {
	b.Helper()
	return strings.TrimSpace(strings.TrimPrefix(b.openssl("x509 -noout -serial -in "+cert), "serial="))
}

// The published recipe names files that it does not make.
func TestPublishedRecipeNamesMissingFiles(t *testing.T) {
	b := newBench(t)
	b.recipe("published.cnf", 2048, "oci.interm", signName)
	said := b.opensslFails("ca -config openssl.cnf -name oci_ca_published -batch -passin file:pass -in signer.csr -out again.pem")
	b.says(said, "oci.key")
}

// The published recipe loses the locality of the intermediate.
func TestPublishedRecipeLosesTheLocality(t *testing.T) {
	b := newBench(t)
	b.recipe("published.cnf", 2048, "oci.interm", signName)
	b.says(b.openssl("req -noout -subject -in oci.csr"), "L = Cheshire")
	if subject := b.openssl("x509 -noout -subject -in oci.interm.pem"); strings.Contains(subject, "Cheshire") {
		t.Errorf("it has its locality: %s", subject)
	}
	b.recipe("openssl.cnf", 2048, "oci", signName)
	b.says(b.openssl("x509 -noout -subject -in oci.pem"), "L = Cheshire")
}

// A signer of the published recipe breaks rules, and inspect names them.
func TestSignerOfThePublishedRecipe(t *testing.T) {
	b := newBench(t)
	b.recipe("published.cnf", 2048, "oci.interm", signName+"/emailAddress=oci@skao.int")
	signer := b.identity("signer.chain.pem", "signer.key")
	broken := rules.Violations(signer.Chain)
	if len(broken) != 1 || broken[0].Cert != signer.Cert || broken[0].Rule != rules.RulePathLengthOfNoCA {
		t.Errorf("violations: %+v", broken)
	}
	for _, violation := range broken {
		b.says(violation.Text, "path length", "CA:FALSE")
	}
	if warnings := rules.Warnings(signer.Cert); !slices.ContainsFunc(warnings, func(line string) bool {
		return strings.Contains(line, "emailAddress") && strings.Contains(line, "subject alternative name")
	}) {
		t.Errorf("warnings: %q", warnings)
	}
	b.says(b.pkiFails("inspect signer.chain.pem"), "hold a path length (0)", "CA:FALSE", "its subject has an emailAddress")
}

// A signer with an emailAddress in its name is trusted by the wildcard only.
func TestSignerWithAnEmailAddress(t *testing.T) {
	b := newBench(t)
	b.recipe("published.cnf", 2048, "oci.interm", signName+"/emailAddress=oci@skao.int")
	signer := b.identity("signer.chain.pem", "signer.key")
	w := b.world(signer)
	for _, c := range []struct{ folder, identity, want string }{
		{"all", "*", "verified"},
		// notation compares attribute by attribute, and cannot even read the name.
		{"one", identity, "untrusted: "},
	} {
		b.pki("bundle --ca ca.pem --out "+c.folder+" --scope "+w.image.Name(), "--identity", c.identity)
		if got := b.verdict(w, c.folder); !strings.HasPrefix(got, c.want) {
			t.Errorf("trusting %q it is %q, want %q", c.identity, got, c.want)
		}
	}
	said := b.pkiFails("bundle --ca ca.pem --out email --scope "+w.image.Name(), "--identity", identity+", emailAddress=oci@skao.int")
	b.says(said, "emailAddress", "would never match")
	b.adopt("signer", "signer.key", "signer.chain.pem")
	b.says(b.pkiFails("bundle --ca ca.pem --out adopted --scope "+w.image.Name()), "nothing was written")
}

// certificate reads the first of a file.
func (b *bench) certificate(name string) *x509.Certificate {
	b.Helper()
	return rig.Must(certfile.Parse(b.read(name)))(b)[0]
}

// ended makes a root that ended years ago, ended.pem and ended.key.
func (b *bench) ended() {
	b.Helper()
	b.recipe("openssl.cnf", 2048, "oci", signName)
	b.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ended.key")
	b.openssl("req -config openssl.cnf -new -key ended.key -out ended.csr -subj", caName)
	b.openssl("ca -config openssl.cnf -name root_ca -selfsign -keyfile ended.key -batch -extensions v3_ca -startdate 20200101000000Z -enddate 20210101000000Z -in ended.csr -out ended.pem")
}

func TestACAThatEndedIssuesNothingAndIsTrustedNoMore(t *testing.T) {
	b := newBench(t)
	b.ended()
	b.adopt("root", "ended.key", "ended.pem")
	before := b.tree()
	said := b.pkiFails("intermediate --key-type ec-256 --passphrase-file pass --issuer-passphrase-file pass --no-revocation", "--subject", "C=UK, ST=England, O=SKAO, CN=SKAO CA")
	b.says(said, "ended on 2021-01-01; make its next generation by --rotate first")
	b.says(b.pkiFails("bundle --scope * --identity * --out trust"), "root/1 ended on 2021-01-01 and is left out", "there is no root to trust: all have ended")
	if after := b.tree(); before != after {
		t.Errorf("the folder was\n%s\nand is\n%s", before, after)
	}
	if !b.lacks("trust") {
		t.Error("a bundle was written")
	}
	b.issue("root --rotate --key-type ec-256", "")
	b.issue("intermediate --key-type ec-256 --crl-url http://pki.skao.int/root.crl", "SKAO CA")
	b.openssl("verify -x509_strict -CAfile pki/root/2/cert.pem pki/intermediate/1/cert.pem")
	b.says(b.pki("bundle --scope * --identity * --out trust"), "root/1 ended on 2021-01-01 and is left out", "root-2.pem")
}
