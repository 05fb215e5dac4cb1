package walls_test

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// computes lists the functions that compute with a public key which may be a
// stranger's, and who may call each. All others call provider/keysize, which looks at
// the size of the key before. What a library computes is listed as well, if it takes
// certificates; who calls it must have called keysize.Check or CheckChain before.
func computes() map[string][]string {
	keysize := []string{rooms + "/keysize"}
	return map[string][]string{
		"(*crypto/x509.Certificate).CheckSignature":         keysize,
		"(*crypto/x509.Certificate).CheckSignatureFrom":     keysize,
		"(*crypto/x509.Certificate).CheckCRLSignature":      keysize,
		"(*crypto/x509.Certificate).Verify":                 {rooms + "/keysize", rooms + "/server"},
		"(*crypto/x509.CertificateRequest).CheckSignature":  keysize,
		"(*crypto/x509.RevocationList).CheckSignatureFrom":  keysize,
		"crypto/rsa.VerifyPSS":                              keysize,
		"crypto/rsa.VerifyPKCS1v15":                         keysize,
		"crypto/rsa.EncryptPKCS1v15":                        nil,
		"crypto/rsa.EncryptOAEP":                            nil,
		"golang.org/x/crypto/ocsp.ParseResponse":            {rooms + "/verifier", rooms + "/revocation"},
		"golang.org/x/crypto/ocsp.ParseResponseForCert":     {rooms + "/verifier", rooms + "/revocation"},
		"(*golang.org/x/crypto/ocsp.Response).CheckSignatureFrom": {rooms + "/revocation"},
	}
}

// calls are the functions that each of our packages uses, by where.
func calls(t *testing.T, patterns ...string) map[string][]string {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Context: t.Context(),
		Mode:    packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
	}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, p := range loaded {
		for _, err := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, err)
		}
		for identifier, object := range p.TypesInfo.Uses {
			if f, ok := object.(*types.Func); ok {
				found[f.FullName()] = append(found[f.FullName()], fmt.Sprintf("%s: %s", p.PkgPath, p.Fset.Position(identifier.Pos())))
			}
		}
	}
	return found
}

var _ ast.Node
var _ = slices.Contains[[]string]
var _ = strings.Cut

func TestXXX(t *testing.T) {
	found := calls(t, module+"/provider/...", module+"/cmd/...")
	for name := range computes() {
		for _, at := range found[name] {
			t.Log(name, at)
		}
	}
}
