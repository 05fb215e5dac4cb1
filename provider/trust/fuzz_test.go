package trust_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// FuzzWhatLoadsEnforcesTrust checks any file: loading it
// does not panic, and each statement that loads refuses images that no trusted key
// signed.
func FuzzWhatLoadsEnforcesTrust(f *testing.F) {
	const good = `{"name":"a","registryScopes":["harbor.skao.int/*"],"signatureVerification":{"level":"strict"},"trustStores":["ca:skao"],"trustedIdentities":["*"]}`
	for _, text := range []string{
		"", "{}", "null", doc(""), doc(good), doc(good + "," + good),
		doc(strings.Replace(good, "strict", "skip", 1)), doc(strings.Replace(good, "strict", "audit", 1)),
		doc(strings.Replace(good, `"strict"`, `"permissive","override":{"expiry":"enforce"}`, 1)),
		doc(strings.Replace(good, `"strict"`, `"strict","override":{"authenticity":"log"}`, 1)),
		doc(strings.Replace(good, `"strict"`, `"skip","Level":"strict"`, 1)),
		doc(strings.Replace(good, `"strict"`, `"strict","LEVEL":"skip"`, 1)),
		doc(strings.Replace(good, `"harbor.skao.int/*"`, `"*"`, 1)),
		doc(strings.Replace(good, `"harbor.skao.int/*"`, `"[::1]:5000/x","a.io/b/*"`, 1)),
	} {
		f.Add([]byte(text))
	}
	world := newFiles(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		w := files{t, world.dir}
		w.write(w.policyFile(), text)
		s, err := trust.Load(w.policyFile(), w.storeDir())
		if err != nil {
			return
		}
		if len(s.Policies()) == 0 {
			t.Error("loaded without a statement")
		}
		for _, p := range s.Policies() {
			if !p.Enforces(trustpolicy.TypeIntegrity) || !p.Enforces(trustpolicy.TypeAuthenticity) || p.Level() == "skip" {
				t.Errorf("statement %q does not enforce trust: level %s", p.Name(), p.Level())
			}
			if err := p.Document().Validate(); err != nil {
				t.Errorf("notation does not take statement %q: %v", p.Name(), err)
			}
			for _, scope := range p.Scopes() {
				image, wide := strings.CutSuffix(scope, "*")
				if wide {
					image += "a/b" // which a narrower scope of another statement may cover
				}
				if found, ok := s.Find(image); !ok || (found != p && !wide) {
					t.Errorf("scope %q of statement %q is never matched", scope, p.Name())
				}
			}
		}
		var doc trustpolicy.Document
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "*") && !strings.Contains(string(text), "[::") {
			if err := doc.Validate(); err != nil {
				t.Errorf("notation does not take the document: %v", err)
			}
		}
	})
}
