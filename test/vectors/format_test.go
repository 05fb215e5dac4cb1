package vectors_test

import (
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// asking is the end of a case that is in order.
const asking = `
-- ask --
- images: [$app:1]
  expect: verified
  expect-admission: admit
`

func TestAVectorThatSaysWhatIsNotKnownFailsByItsName(t *testing.T) {
	for _, tc := range []struct{ name, text string }{
		{"colour", "A case.\n-- images --\n- {name: app, colour: blue}" + asking},
		{"revokd", "A case.\n-- pkis --\nskao: {revokd: signer}" + asking},
		{"expect-nothing", "A case.\n" + asking + "  expect-nothing: 1\n"},
		{"wether", "A case.\n-- wether --\n" + asking},
		{"\"images\" is not", "A case.\n-- images --\n- {name: app}\n-- images --\n- {name: app}" + asking},
		{"\"fine\" is neither", "A case.\n" + strings.Replace(asking, "verified", "fine", 1)},
		{"undecided sometimes", "A case.\n" + strings.Replace(asking, "verified", "undecided sometimes", 1)},
		{"the sentence", "-- images --\n- {name: app}" + asking},
		{"\"ask\" is missing", "A case.\n-- images --\n- {name: app}\n"},
		{"no images", "A case.\n" + strings.Replace(asking, "[$app:1]", "[]", 1)},
		{"expect is missing", "A case.\n" + strings.Replace(asking, "  expect: verified\n", "", 1)},
		{"a policy to deny", "A case.\n" + strings.Replace(asking, "verified", "unsigned", 1)},
		{"expect-admission", "A case.\n" + strings.Replace(asking, "  expect-admission: admit\n", "", 1)},
		{"soon", "A case.\n-- images --\n- {name: app, signatures: [{expires: soon}]}" + asking},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, err := vectors.Parse("case", []byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.name) {
				t.Errorf("vector %+v, error %v", v, err)
			}
		})
	}
}

func TestAVectorThatNamesWhatIsNotThereFailsByItsName(t *testing.T) {
	w := rig.ForTest(t)
	for _, tc := range []struct{ name, text string }{
		{"$missing", "A case.\n" + strings.Replace(asking, "$app", "$missing", 1)},
		{"\"sparc\"", "A case.\n-- images --\n- {name: app, index: true}" + strings.Replace(asking, "$app:1", "\"${app.sparc}\"", 1)},
		{"\"nopki\"", "A case.\n-- images --\n- {name: app, signatures: [{by: nopki}]}" + asking},
		{"\"notsa\"", "A case.\n-- images --\n- {name: app, signatures: [{timestamp: notsa}]}" + asking},
		{"\"noimage\"", "A case.\n-- images --\n- {name: app, signatures: [{of: noimage}]}" + asking},
		{"\"dsse\"", "A case.\n-- images --\n- {name: app, signatures: [{format: dsse}]}" + asking},
		{"\"gpg\"", "A case.\n-- images --\n- {name: app, signatures: [{scheme: gpg}]}" + asking},
		{"\"bent\"", "A case.\n-- images --\n- {name: app, signatures: [{defect: bent}]}" + asking},
		{"\"noregistry\"", "A case.\n-- images --\n- {name: app, registry: noregistry}" + asking},
		{"\"nocopy\"", "A case.\n-- images --\n- {name: app, copied-to: nocopy}" + asking},
		{"\"noca\"", "A case.\n-- trust --\n- ca: [noca]" + asking},
		{"\"nostamp\"", "A case.\n-- trust --\n- tsa: [nostamp]" + asking},
		{"\"everyone\"", "A case.\n-- pkis --\nskao: {revoked: everyone}" + asking},
		{"\"anyone\"", "A case.\n-- tsas --\nstamps: {crl: true, revoked: anyone}" + asking},
		{"chain of 4", "A case.\n-- pkis --\nskao: {chain: 4}" + asking},
		{"\"explode\"", "A case.\n-- images --\n- {name: app}\n-- faults --\n- {at: harbor, effect: explode}" + asking},
		{"\"nowhere\"", "A case.\n-- images --\n- {name: app}\n-- faults --\n- {at: nowhere, effect: cut}" + asking},
		{"\"nomirror\"", "A case.\n-- registries --\nharbor: {mirror: nomirror}\n-- images --\n- {name: app}" + asking},
		{"\"strange\"", "A case.\n-- registries --\nharbor: {ca: strange}\n-- images --\n- {name: app}" + asking},
		{"account \"guest\"", "A case.\n-- registries --\nharbor: {account: guest}\n-- images --\n- {name: app}" + asking},
		{"egress \"all\"", "A case.\n-- settings --\negress: all\n-- images --\n- {name: app}" + asking},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, err := vectors.Parse("case", []byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := prepare(t, w, v); err == nil || !strings.Contains(err.Error(), tc.name) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// prepare does all that comes before the first question.
func prepare(t *testing.T, w *rig.Test, v *vectors.Vector) error {
	t.Helper()
	s, err := vectors.Set(t.Context(), w.Env, v)
	if err != nil {
		return err
	}
	var c config.Config
	if err := s.Configure(&c); err != nil {
		return err
	}
	if _, err := s.Questions(); err != nil {
		return err
	}
	restore, err := s.Break()
	restore()
	return err
}

func TestEveryVectorStandsForASentenceOfItsOwn(t *testing.T) {
	named := map[string]string{}
	for _, v := range load(t) {
		if other, taken := named[v.Sentence]; taken {
			t.Errorf("%s and %s stand for the same: %s", other, v.Name, v.Sentence)
		}
		named[v.Sentence] = v.Name
	}
}
