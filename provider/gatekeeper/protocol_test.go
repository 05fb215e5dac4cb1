package gatekeeper_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
)

// The protocol's types are Gatekeeper's: the same fields in the same order, of the same
// kinds and with the same tags.
func TestTypesAreGatekeepers(t *testing.T) {
	for _, difference := range append(
		differences("ProviderRequest", reflect.TypeFor[gatekeeper.ProviderRequest](), reflect.TypeFor[externaldata.ProviderRequest]()),
		differences("ProviderResponse", reflect.TypeFor[gatekeeper.ProviderResponse](), reflect.TypeFor[externaldata.ProviderResponse]())...,
	) {
		t.Error(difference)
	}
	for _, tc := range []struct{ got, want string }{
		{gatekeeper.RequestKind, string(externaldata.ProviderRequestKind)},
		{gatekeeper.ResponseKind, string(externaldata.ProviderResponseKind)},
		{gatekeeper.APIVersion, externaldata.NewProviderRequest(nil).APIVersion},
	} {
		if tc.got != tc.want {
			t.Errorf("%q is %q at Gatekeeper", tc.got, tc.want)
		}
	}
}

// differences tells where our type is not Gatekeeper's. Names of types do not count.
func differences(path string, ours, theirs reflect.Type) []string {
	if ours.Kind() != theirs.Kind() {
		return []string{fmt.Sprintf("%s is a %s; want a %s", path, ours.Kind(), theirs.Kind())}
	}
	switch ours.Kind() {
	case reflect.Slice:
		return differences(path+"[]", ours.Elem(), theirs.Elem())
	case reflect.Struct:
		return fieldDifferences(path, ours, theirs)
	default: // strings, booleans and interfaces hold nothing
		return nil
	}
}

func fieldDifferences(path string, ours, theirs reflect.Type) []string {
	if ours.NumField() != theirs.NumField() {
		return []string{fmt.Sprintf("%s has %d fields; want %d", path, ours.NumField(), theirs.NumField())}
	}
	var all []string
	for i := range ours.NumField() {
		our, their := ours.Field(i), theirs.Field(i)
		if our.Name != their.Name || our.Tag != their.Tag {
			all = append(all, fmt.Sprintf("field %d of %s is %s `%s`; want %s `%s`", i, path, our.Name, our.Tag, their.Name, their.Tag))
		}
		all = append(all, differences(path+"."+our.Name, our.Type, their.Type)...)
	}
	return all
}

// A difference in a tag, a name, a kind or the number of fields is seen, however deep.
func TestOtherTypesAreSeen(t *testing.T) {
	type request struct {
		Keys []string `json:"keys,omitempty"`
	}
	for _, other := range []reflect.Type{
		reflect.TypeFor[struct {
			Keys []string `json:"keys"`
		}](),
		reflect.TypeFor[struct {
			Names []string `json:"keys,omitempty"`
		}](),
		reflect.TypeFor[struct {
			Keys []int `json:"keys,omitempty"`
		}](),
		reflect.TypeFor[struct {
			Keys []string `json:"keys,omitempty"`
			More bool     `json:"more,omitempty"`
		}](),
	} {
		if got := differences("x", reflect.SliceOf(other), reflect.TypeFor[[]request]()); len(got) != 1 {
			t.Errorf("%s differs from Gatekeeper's in %q; want one difference", other, got)
		}
	}
}

// FuzzTypesReadAsGatekeepers holds what our types make of any JSON to what Gatekeeper's make of it, and
// what they write to what those write.
func FuzzTypesReadAsGatekeepers(f *testing.F) {
	for _, seed := range []string{
		`{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderRequest","request":{"keys":["a","b<&>"]}}`,
		`{"apiVersion":"v","kind":"ProviderResponse","response":{"idempotent":true,"items":[{"key":"a","value":{"verified":true}},{"key":"b","error":"e"}],"systemError":"s"}}`,
		`{"KIND":"x","Request":{"KEYS":null},"response":{"items":[null,{}]}}`, `{"kind":7}`, `{"request":[]}`, `null`, `{"response":{"items":[{"value":1e400}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sameJSON(t, text, &gatekeeper.ProviderRequest{}, &externaldata.ProviderRequest{})
		sameJSON(t, text, &gatekeeper.ProviderResponse{}, &externaldata.ProviderResponse{})
	})
}

// sameJSON reads text into both, and compares what they write then.
func sameJSON(t *testing.T, text []byte, ours, theirs any) {
	t.Helper()
	if our, their := json.Unmarshal(text, ours), json.Unmarshal(text, theirs); (our == nil) != (their == nil) {
		t.Fatalf("ours: %v; Gatekeeper's: %v", our, their)
	}
	got, err := json.Marshal(ours)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := json.Marshal(theirs); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got  %s\nwant %s; %v", got, want, err)
	}
}
