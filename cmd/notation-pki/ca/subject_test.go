package ca

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
)

func TestASubjectIsReadAsItsCertificateWillHaveIt(t *testing.T) {
	long := strings.Repeat("ü", 64) // in characters, not octets
	for _, c := range []struct {
		text   string
		want   string
		emails []string
	}{
		{"C=GB, ST=England, O=SKAO, CN=SKAO Root CA", "CN=SKAO Root CA,O=SKAO,ST=England,C=GB", nil},
		{"CN=x,O=SKAO,ST=England,C=GB", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"c=GB,s=England,o=SKAO,cn=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"C=GB,ST=England,L=Jodrell Bank,STREET=a,O=b,OU=c,CN=d", "CN=d,OU=c,O=b,STREET=a,L=Jodrell Bank,ST=England,C=GB", nil},
		{`C=GB,ST=England,O=Acme\, Inc.,CN=a\+b`, `CN=a\+b,O=Acme\, Inc.,ST=England,C=GB`, nil},
		{"C=GB,ST=England,O=SKAO,CN=" + long, "CN=" + long + ",O=SKAO,ST=England,C=GB", nil},
		{"C=GB,ST=England,O=SKAO,CN=x,emailAddress=a@b.c", "CN=x,O=SKAO,ST=England,C=GB", []string{"a@b.c"}},
		{"E=a@b.c,C=GB,ST=England,O=SKAO,CN=x,EMAIL=d@e.f", "CN=x,O=SKAO,ST=England,C=GB", []string{"a@b.c", "d@e.f"}},
		{"1.2.840.113549.1.9.1=a@b.c,C=GB,ST=England,O=SKAO,CN=x", "CN=x,O=SKAO,ST=England,C=GB", []string{"a@b.c"}},
		{"/C=GB/ST=England/O=SKAO/CN=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{`//C=GB/ST=England/O=A\/C\+D, "E"; \\/CN=x/`, `CN=x,O=A/C\+D\, \"E\"\; \\,ST=England,C=GB`, nil},
		{"/C=GB/ST=England/O=SKAO/CN=x/emailAddress=a@b.c", "CN=x,O=SKAO,ST=England,C=GB", []string{"a@b.c"}},
		{"subject= /C=GB/ST=England/O=SKAO/CN=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"subject=C = GB, ST = England, O = SKAO, CN = x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"Subject: C=GB, ST=England, O=SKAO, CN=x\n", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"x509.subject: C=GB, ST=England, O=SKAO, CN=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{`C=GB,ST=England,O="Acme, Inc.",CN=x`, `CN=x,O=Acme\, Inc.,ST=England,C=GB`, nil},
		{`C = GB, ST="England" , O = "Acme; \"A+B\" \\ =" ; CN="x"`, `CN=x,O=Acme\; \"A\+B\" \\ =,ST=England,C=GB`, nil},
		{`C=GB,ST=England,O=The "A" Company,CN=x`, `CN=x,O=The \"A\" Company,ST=England,C=GB`, nil},
		{"C=GB;ST=England;O=SKAO;CN=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"C=GB,ST=England,O=AC/DC,CN=a/b=c", "CN=a/b=c,O=AC/DC,ST=England,C=GB", nil},
		{"countryName=GB,stateOrProvinceName=England,organizationName=SKAO,commonName=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
		{"2.5.4.6=GB,2.5.4.8=England,2.5.4.10=SKAO,2.5.4.3=x", "CN=x,O=SKAO,ST=England,C=GB", nil},
	} {
		got, err := ParseSubject(c.text)
		if err != nil || got.Name.String() != c.want || !slices.Equal(got.Emails, c.emails) {
			t.Errorf("%q is %q %q, %v; want %q %q", c.text, got.Name, got.Emails, err, c.want, c.emails)
		}
	}
}

// A subject that no trust policy can name is refused, and the error says why.
func TestSubjectsThatAreRefused(t *testing.T) {
	const rest = ",ST=England,O=SKAO,CN=x"
	for _, tc := range []struct{ text, says string }{
		{"", "C, CN, O, ST missing"},
		{"CN=x", "C, O, ST missing"},
		{"C=GB,O=SKAO,CN=x", "ST missing"},
		{"C=GB,ST=England,O=SKAO", "CN missing"},
		{"C=GB" + rest + ",OU=a,OU=b", "OU is there twice"},
		{"C=GB,S=Kent" + rest, "ST is there twice"},
		{"C=GB+ST=England,O=SKAO,CN=x", `joins attributes by "+"`},
		{"C=England" + rest, "RFC 5280 allows 2 only"},
		{"C=" + rest, "RFC 5280 allows 2 only"},
		{"C=GB,ST=England,O=,CN=x", "O is \"\""},
		{"C=GB" + rest + ",DC=skao", `"DC" is none of`},
		{"C=GB" + rest + ",2.5.4.12=Dr", "none of C, ST, L"},
		{"/C=GB/ST=England/O=AC/DC Ltd/CN=x", `write a slash that is part of a value as \/`},
		{"/C=GB/ST=England/O=a+OU=b/CN=x", `joins attributes by "+"`},
		{"/C=GB/ST=England/O=/CN=x", `O is ""`},
		{"/C=GB/O=SKAO/CN=x", "ST missing"},
		{"C=GB/ST=England/O=SKAO/CN=x", `write "C=GB, ST=England, …", or "/C=GB/ST=England/…"`},
		{`C=GB,ST=England,O="Acme, Inc.,CN=x`, "a quotation mark is opened and not closed"},
		{`C=GB,ST=England,O="Acme" Inc.,CN=x`, "a quotation mark is opened and not closed, or has more behind it"},
		{`C=GB,ST=England,O="",CN=x`, `O is ""`},
		{`C=GB,O=Acme\, Inc.,CN=x`, `subject "C=GB,O=Acme\, Inc.,CN=x": ST missing`},
		{"SKAO Root CA", "write it as"},
		{"C=GB" + rest + `,L=a\0Ab`, "cannot be printed"},
		{"C=GB" + rest + `,L=a\7Fb`, "cannot be printed"},
		{"C=GB" + rest + `,L=\FF`, "cannot be printed"},
		{"C=GB,ST=England,CN=x,O=" + strings.Repeat("o", 65), "O is"},
		{"C=GB,O=SKAO,CN=x,ST=" + strings.Repeat("s", 129), "ST is"},
		{"C=GB,ST=England,O=SKAO,CN=" + strings.Repeat("c", 65), "65 characters"},
	} {
		if got, err := ParseSubject(tc.text); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q is %q, %v; want %q", tc.text, got.Name, err, tc.says)
		}
	}
}

func TestTheSubjectOfARequestIsReadByTheSameRules(t *testing.T) {
	email := pkix.AttributeTypeAndValue{Type: oidEmailAddress(), Value: "a@b.c"}
	whole, err := ParseSubject(`C=GB,ST=England,O=Acme\, Inc.,CN= spaced `)
	if err != nil {
		t.Fatal(err)
	}
	sequence := whole.Name.ToRDNSequence()
	var name pkix.Name
	name.FillFromRDNSequence(&sequence)
	name.Names = append(name.Names, email)
	got, err := SubjectOf(name)
	if err != nil || got.Name.String() != whole.Name.String() || !slices.Equal(got.Emails, []string{"a@b.c"}) {
		t.Errorf("%q is %q %q, %v", name, got.Name, got.Emails, err)
	}
	for _, tc := range []struct {
		says  string
		extra pkix.AttributeTypeAndValue
	}{
		{"no text", pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: 7}},
		{"OU is", pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: ""}},
		{"none of C, ST", pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 12}, Value: "Dr"}},
		{"CN is there tw", pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "again"}},
	} {
		odd := name
		odd.Names = append(slices.Clone(name.Names), tc.extra)
		if got, err := SubjectOf(odd); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("with %v it is %q, %v; want %q", tc.extra, got.Name, err, tc.says)
		}
	}
}
