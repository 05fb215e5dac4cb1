package signing_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// The README's commands make a PKI, and the trust policy that it shows.
func TestCommandsOfTheReadme(t *testing.T) {
	rig.Must(binaries.Command("notation-pki"))(t)
	w := rig.ForTest(t)
	o := newOffice(t, w, w.Registry(rig.RegistryOptions{}))
	parts := map[string]chapter{}
	for _, document := range []string{"../../README.md", "../../provider/README.md"} {
		for _, c := range chapters(t, document) {
			parts[c.title] = c
		}
	}
	o.follow("The PKI that signs", parts["The PKI that signs"].commands)
	o.places = nil // what the policy names is not asked for
	o.follow("Trust", parts["Trust"].commands)
	var shown, written any
	for _, tc := range []struct {
		text string
		into *any
	}{
		{parts["Trust"].result, &shown},
		{string(rig.Must(os.ReadFile(filepath.Join(o.at, "trust/trustpolicy.json")))(t)), &written},
	} {
		if err := json.Unmarshal([]byte(tc.text), tc.into); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(shown, written) {
		t.Errorf("README.md shows %v, and notation-pki writes %v", shown, written)
	}
}
