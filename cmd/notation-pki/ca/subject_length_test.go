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
	sound := map[string]string{"C": "GB", "ST": "England", "O": "SKAO", "CN": "x"}
	for keyword, most := range map[string]int{"C": 2, "ST": 128, "S": 128, "L": 128, "STREET": 128, "O": 64, "OU": 64, "CN": 64} {
		for length, taken := range map[int]bool{0: false, 1: keyword != "C", most: true, most + 1: false} {
			value := strings.Repeat("ü", length) // two octets each
			parts := []string{keyword + "=" + value}
			for other, its := range sound {
				if other != canonicalKeyword(keyword) {
					parts = append(parts, other+"="+its)
				}
			}
			got, err := ParseSubject(strings.Join(parts, ","))
			if !taken {
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d characters, and RFC 5280 allows", length)) {
					t.Errorf("%s with %d characters: %v", keyword, length, err)
				}
				continue
			}
			name := got.Name.String()
			if err != nil || !strings.Contains(","+name, ","+canonicalKeyword(keyword)+"="+value) {
				t.Errorf("%s with %d characters is %q, %v", keyword, length, name, err)
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
	for name, c := range map[string]struct{ got, want []string }{
		"C": {got.Name.Country, []string{"GB"}}, "ST": {got.Name.Province, []string{"England"}}, "L": {got.Name.Locality, []string{"Jodrell Bank"}},
		"STREET": {got.Name.StreetAddress, []string{"Lower Withington"}}, "O": {got.Name.Organization, []string{"SKAO"}},
		"OU": {got.Name.OrganizationalUnit, []string{"OCI"}}, "CN": {[]string{got.Name.CommonName}, []string{"x"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s is %q, want %q", name, c.got, c.want)
		}
	}
}
