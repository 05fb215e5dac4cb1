package ca

import "testing"

func TestANewKeyIsOfTheTypeThatWasAskedFor(t *testing.T) {
	for _, tc := range []struct{ asked, want KeyType }{{"", ECP256}, {ECP256, ECP256}, {ECP384, ECP384}, {ECP521, ECP521}} {
		root, err := NewRoot(Options{KeyType: tc.asked})
		if err != nil {
			t.Fatal(err)
		}
		got, err := KeyTypeOf(root.Cert.PublicKey)
		if err != nil || got != tc.want {
			t.Errorf("asked for %q it is %q, %v", tc.asked, got, err)
		}
	}
	if root, err := NewRoot(Options{KeyType: "ed25519"}); err == nil || root != nil {
		t.Error("a key that notation cannot verify with was made")
	}
}
