package importrules_test

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// guarded is a function that not everybody may call.
type guarded struct {
	// function is its full name, as go/types writes it.
	function string
	// by are the packages that may call it, with those below each.
	by []string
	// instead is what the others call.
	instead string
}

const bounded = "a function of provider/keysize, which looks at the key before it computes with it"

// guards lists the functions that compute with a public key which may be a stranger's,
// and those that open a file. Who may call one of the former looked at keys and numbers
// before, by keysize.Check or CheckChain.
func guards() []guarded {
	keysize, ca, unverified := rooms+"/keysize", pki+"/ca", pki+"/internal/unverified"
	verifier, revocation := rooms+"/verifier", rooms+"/revocation"
	var all []guarded
	add := func(instead string, by []string, functions ...string) {
		for _, f := range functions {
			all = append(all, guarded{f, by, instead})
		}
	}
	add(bounded, []string{keysize},
		"(*crypto/x509.Certificate).CheckSignature", "(*crypto/x509.Certificate).CheckSignatureFrom", "(*crypto/x509.Certificate).CheckCRLSignature",
		"(*crypto/x509.CertificateRequest).CheckSignature", "(*crypto/x509.RevocationList).CheckSignatureFrom")
	add(bounded, []string{keysize}, "(*crypto/x509.Certificate).Verify")
	add("ca.ReadRequest", []string{ca}, "crypto/rsa.VerifyPSS", "crypto/rsa.VerifyPKCS1v15")
	add("ca.DecodeKey or ca.PublicOf", []string{ca}, "crypto/x509.ParsePKCS1PrivateKey", "crypto/x509.ParsePKCS8PrivateKey")
	add("revocation", []string{revocation},
		"golang.org/x/crypto/ocsp.ParseResponse", "golang.org/x/crypto/ocsp.ParseResponseForCert", "(*golang.org/x/crypto/ocsp.Response).CheckSignatureFrom")
	add("rules.Violations", []string{ca + "/rules", revocation},
		"github.com/notaryproject/notation-core-go/x509.ValidateCodeSigningCertChain", "github.com/notaryproject/notation-core-go/x509.ValidateTimestampingCertChain")
	add("trust.Load", nil, "github.com/notaryproject/notation-go/verifier/truststore.ValidateCertificates")
	add("unverified.Read", []string{unverified},
		"(github.com/notaryproject/notation-core-go/signature.Envelope).Content", "(github.com/notaryproject/notation-core-go/signature.Envelope).Verify")
	add("verifier", []string{verifier}, "github.com/notaryproject/notation-go.Verify", "(*github.com/notaryproject/tspclient-go.SignedToken).Verify")
	add("regularfile.Read", []string{rooms + "/regularfile"}, "os.ReadFile", "os.Open")
	return all
}

// inputs may open something else than an input file: a directory, to see it safely onto
// the disk.
func inputs() map[string][]string {
	return map[string][]string{"os.Open": {pki + "/internal/layout"}}
}

// uses are the functions that our packages use, each by the packages that do, with
// where. Tests are left out.
func uses(t *testing.T) (found map[string]map[string]string, known map[string]bool) {
	t.Helper()
	const mode = packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports
	loaded, err := packages.Load(&packages.Config{Context: t.Context(), Mode: mode}, rooms+"/...", module+"/cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	found, known = map[string]map[string]string{}, map[string]bool{}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			t.Fatalf("%s: %v", p.PkgPath, p.Errors)
		}
		for identifier, object := range p.TypesInfo.Uses {
			f, ok := object.(*types.Func)
			if !ok {
				continue
			}
			if found[f.FullName()] == nil {
				found[f.FullName()] = map[string]string{}
			}
			found[f.FullName()][p.PkgPath] = p.Fset.Position(identifier.Pos()).String()
		}
		for _, imported := range p.Imports {
			declared(imported.Types, known)
		}
	}
	return found, known
}

// declared adds the full names of a package's functions and methods.
func declared(p *types.Package, known map[string]bool) {
	if p == nil {
		return
	}
	for _, name := range p.Scope().Names() {
		switch object := p.Scope().Lookup(name).(type) {
		case *types.Func:
			known[object.FullName()] = true
		case *types.TypeName:
			for method := range types.NewMethodSet(types.NewPointer(object.Type())).Methods() {
				known[method.Obj().(*types.Func).FullName()] = true
			}
			for method := range types.NewMethodSet(object.Type()).Methods() {
				known[method.Obj().(*types.Func).FullName()] = true
			}
		}
	}
}

// past are the calls that go past a guard, a line each.
func past(g guarded, found map[string]map[string]string) []string {
	var calls []string
	for _, path := range slices.Sorted(maps.Keys(found[g.function])) {
		if allowed := slices.Concat(g.by, inputs()[g.function]); !in(allowed...)(path) {
			calls = append(calls, fmt.Sprintf("%s: %s calls %s; call %s", found[g.function][path], path, g.function, g.instead))
		}
	}
	return calls
}

// No call goes past the functions that look before they compute, or before they wait.
func TestGuardedFunctions(t *testing.T) {
	found, known := uses(t)
	for _, g := range guards() {
		for _, call := range past(g, found) {
			t.Error(call)
		}
		if !known[g.function] {
			t.Errorf("%s is declared nowhere: was it renamed?", g.function)
		}
	}
}

// A call from elsewhere is seen, and one from a package that sounds alike.
func TestGuardsAreSeenToBreak(t *testing.T) {
	for _, g := range guards() {
		found := map[string]map[string]string{g.function: {module + "/cmd/x": "x.go:1", rooms + "/keysizes": "y.go:2"}}
		for _, by := range g.by {
			found[g.function][by] = "z.go:3"
		}
		if got := past(g, found); len(got) != 2 || !strings.HasPrefix(got[0], "x.go:1: ") || !strings.HasPrefix(got[1], "y.go:2: ") {
			t.Errorf("%s: %q", g.function, got)
		}
	}
}
