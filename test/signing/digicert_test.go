package signing_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// The runbook says by which fingerprint DigiCert's root is known: it is that of the root that systems trust.
func TestTheRunbookKnowsTheTimestampRoot(t *testing.T) {
	runbook := string(rig.Must(os.ReadFile("../../cmd/notation-pki/README.md"))(t))
	for root := range bundle.Roots() {
		sum := sha256.Sum256(root.Certificate)
		if c := rig.Must(x509.ParseCertificate(root.Certificate))(t); c.Subject.CommonName == "DigiCert Trusted Root G4" {
			if !strings.Contains(runbook, hex.EncodeToString(sum[:])) {
				t.Errorf("the runbook does not have %x", sum)
			}
			return
		}
	}
	t.Error("there is no such root any more")
}
