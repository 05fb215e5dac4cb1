package ca

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Appendix A.1 of RFC 5280 calls them ub-country-name-alpha-length, ub-state-name, ub-locality-name,
// ub-organization-name and so on.
func TestLengthOfSubjectAttributes(t *testing.T) {
	sound := []struct{ other, its string }{{"C", "GB"}, {"ST", "England"}, {"O", "SKAO"}, {"CN", "x"}}
	for _, tc := range []struct {
		keyword string
		most    int
	}{{"C", 2}, {"ST", 128}, {"S", 128}, {"L", 128}, {"STREET", 128}, {"O", 64}, {"OU", 64}, {"CN", 64}} {
		for _, test := range []struct {
			length int
			taken  bool
		}{{0, false}, {1, tc.keyword != "C"}, {tc.most, true}, {tc.most + 1, false}} {
			value := strings.Repeat("ü", test.length) // two octets each
			parts := []string{tc.keyword + "=" + value}
			for _, entry := range sound {
				if entry.other != canonicalKeyword(tc.keyword) {
					parts = append(parts, entry.other+"="+entry.its)
				}
			}
			got, err := ParseSubject(strings.Join(parts, ","))
			if !test.taken {
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d characters, and RFC 5280 allows", test.length)) {
					t.Errorf("%s with %d characters: %v", tc.keyword, test.length, err)
				}
				continue
			}
			name := got.Name.String()
			if err != nil || !strings.Contains(","+name, ","+canonicalKeyword(tc.keyword)+"="+value) {
				t.Errorf("%s with %d characters is %q, %v", tc.keyword, test.length, name, err)
			}
		}
	}
}

func TestANameThatNotationCutsShortIsRefused(t *testing.T) {
	for _, value := range []string{"a=#b", "=#", "x=#61"} {
		escaped := strings.NewReplacer("=", `\=`, "#", `\#`).Replace(value)
		if got, err := ParseSubject("C=GB,ST=England,O=SKAO,CN=" + escaped); err == nil || !strings.Contains(err.Error(), `notation refuses every name that holds "=#"`) {
			t.Errorf("%q is %q, %v", value, got.Name, err)
		}
	}
	for _, value := range []string{"a=b", "a#b", "#=", "= #"} {
		escaped := strings.NewReplacer("=", `\=`, "#", `\#`).Replace(value)
		if got, err := ParseSubject("C=GB,ST=England,O=SKAO,CN=" + escaped); err != nil || got.Name.CommonName != value {
			t.Errorf("%q is %q, %v", value, got.Name.CommonName, err)
		}
	}
}

func TestEachAttributeOfASubjectGoesIntoItsOwnPlace(t *testing.T) {
	got, err := ParseSubject("C=GB,ST=England,L=Jodrell Bank,STREET=Lower Withington,O=SKAO,OU=OCI,CN=x")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"C", got.Name.Country, []string{"GB"}}, {"ST", got.Name.Province, []string{"England"}}, {"L", got.Name.Locality, []string{"Jodrell Bank"}},
		{"STREET", got.Name.StreetAddress, []string{"Lower Withington"}}, {"O", got.Name.Organization, []string{"SKAO"}},
		{"OU", got.Name.OrganizationalUnit, []string{"OCI"}}, {"CN", []string{got.Name.CommonName}, []string{"x"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s is %q, want %q", c.name, c.got, c.want)
		}
	}
}
