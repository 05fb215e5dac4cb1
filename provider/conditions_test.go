package provider_test

import (
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// A question is an image reference with conditions behind a "?". They have one spelling, however they were written.
func TestAQuestionIsAnImageWithConditions(t *testing.T) {
	for _, tc := range []struct{ key, want string }{
		{"skao.int/x:1", ""},
		{"skao.int/x:1?metadata.vetted=SEC-*", "metadata.vetted=SEC-%2A"},
		{"skao.int/x:1?signer.O=SKAO&metadata.vetted=SEC-1&signer.CN=SKAO+OCI%20Signer&signer.O=SKAO", "metadata.vetted=SEC-1&signer.CN=SKAO+OCI+Signer&signer.O=SKAO"},
		{"skao.int/x:1?metadata.org.example.a%3Db=%3F", "metadata.org.example.a%3Db=%3F"},
	} {
		image, err := provider.ParseQuestion(tc.key)
		if err != nil || image.String() != "skao.int/x:1" || image.Conditions != tc.want {
			t.Errorf("%s: %s with %q, %v; want %q", tc.key, image, image.Conditions, err, tc.want)
		}
		if again, err := provider.ParseQuestion("skao.int/x:1?" + tc.want); tc.want != "" && (err != nil || again != image) {
			t.Errorf("%s: its one spelling is read as %+v, %v", tc.key, again, err)
		}
	}
}

// Conditions that are not understood are an error, and never fewer conditions.
func TestConditionsNotUnderstoodAreAnError(t *testing.T) {
	for _, query := range []string{
		"", "&", "vetted", "vetted=x", "metadata", "metadata=x", "metadata.=x", "metadata.vetted", "metadata.vetted=", "signer.X=1", "signer.cn=x",
		"signer=CN", "Metadata.vetted=x", "metadata.vetted=x;signer.CN=y", "metadata.vetted=%", "metadata.vetted=x&tag=1", "metadata.a=" + strings.Repeat("x", 3000),
		strings.Repeat("metadata.a=1&metadata.b=2&metadata.c=3&", 1) + "metadata.d=1&metadata.e=1&metadata.f=1&metadata.g=1&metadata.h=1&metadata.i=1&metadata.j=1&metadata.k=1&metadata.l=1&metadata.m=1&metadata.n=1&metadata.o=1&metadata.p=1&metadata.q=1",
	} {
		image, err := provider.ParseQuestion("skao.int/x:1?" + query)
		if err == nil || image != (provider.Image{}) || !strings.HasPrefix(err.Error(), provider.DetailConditions) {
			t.Errorf("%q is read as %+v", query, image)
		} else if strings.ContainsAny(err.Error(), "\n%") {
			t.Errorf("%q: the error repeats it or is not one line: %v", query, err)
		}
	}
	for _, key := range []string{"?metadata.vetted=x", "X?metadata.vetted=x", "skao.int/x:1%3Fmetadata.vetted=x"} {
		if image, err := provider.ParseQuestion(key); err == nil {
			t.Errorf("%q is read as %+v", key, image)
		}
	}
}

// A condition wants the whole value, or what a "*" at its end leaves open. Case counts, and so does every other character.
func TestAConditionFitsTheWholeValue(t *testing.T) {
	for _, c := range []struct {
		wanted, value string
		fits          bool
	}{
		{"SEC-142", "SEC-142", true},
		{"SEC-142", "SEC-1424", false},
		{"SEC-142", "sec-142", false},
		{"SEC-142", " SEC-142", false},
		{"SEC-142", "", false},
		{"SEC-*", "SEC-142", true},
		{"SEC-*", "SEC-", true},
		{"SEC-*", "XSEC-142", false},
		{"*", "", true},
		{"*", "anything", true},
		{"*-142", "SEC-142", false},
		{"a.c", "abc", false},
	} {
		if got := (provider.Condition{Value: c.wanted}).Fits(c.value); got != c.fits {
			t.Errorf("%q and %q: %t", c.wanted, c.value, got)
		}
	}
}

// Every condition must hold. What is not there meets none, not even "*".
func TestEveryConditionMustHold(t *testing.T) {
	metadata := map[string]string{"vetted": "SEC-1", "empty": ""}
	identity := map[string][]string{"CN": {"Signer"}, "OU": {"a", "b"}}
	for _, tc := range []struct{ query, want string }{
		{"metadata.vetted=SEC-*&metadata.empty=*&signer.OU=a&signer.OU=b", ""},
		{"metadata.vetted=SEC-2", "its signature lacks the metadata vetted=SEC-2; it has vetted=SEC-1"},
		{"metadata.Vetted=*", "its signature lacks the metadata Vetted=*"},
		{"metadata.CN=Signer", "its signature lacks the metadata CN=Signer"},
		{"metadata.vetted=SEC-2&metadata.vetted=SEC-3&signer.O=x", "its signature lacks the metadata vetted=SEC-2, vetted=SEC-3; it has vetted=SEC-1"},
		{"signer.O=*", "its signer is trusted, but is not the one asked for, O=*"},
		{"signer.OU=c&metadata.vetted=SEC-1", "its signer is trusted, but is not the one asked for, OU=c; it has OU=a, OU=b"},
	} {
		conditions, err := provider.ParseConditions(tc.query)
		if err != nil {
			t.Fatal(tc.query, err)
		}
		got := ""
		if missing := provider.Unmet(conditions, metadata, identity); len(missing) > 0 {
			got = provider.DetailOf([]provider.Lack{provider.Lacking(missing, metadata, identity)})
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.query, got, tc.want)
		}
		if len(provider.Unmet(conditions, nil, nil)) != len(conditions) {
			t.Errorf("%s: a signature that says nothing meets some", tc.query)
		}
	}
}

// Of several signatures the detail says what each has, each value once and not too many.
func TestADetailSaysWhatEachSignatureHas(t *testing.T) {
	const wants, none = "its signature lacks the metadata vetted=SEC-9", "; none of its "
	tests := []struct {
		name string
		has  []string
		want string
	}{
		{"one without", []string{""}, wants},
		{"one with another", []string{"vetted=SEC-1"}, wants + "; it has vetted=SEC-1"},
		{"two without", []string{"", ""}, wants + none + "2 good signatures has all that is asked for"},
		{"the second has another", []string{"", "vetted=SEC-1"}, wants + none + "2 good signatures has all that is asked for; they have vetted=SEC-1"},
		{"the same twice", []string{"a=1", "", "a=1", "CN=x"}, wants + none + "4 good signatures has all that is asked for; they have a=1, CN=x"},
		{"many", []string{"a=1", "a=2", "a=3", "a=4", "a=5", "a=6"}, wants + none + "6 good signatures has all that is asked for; they have a=1, a=2, a=3, a=4 and 2 more"},
	}
	for _, tc := range tests {
		var lacks []provider.Lack
		for i, has := range tc.has {
			lack := provider.Lack{Wants: "something else", Has: has}
			if i == 0 {
				lack.Wants = wants
			}
			lacks = append(lacks, lack)
		}
		if got := provider.DetailOf(lacks); got != tc.want {
			t.Errorf("%s: %q", tc.name, got)
		}
	}
}
