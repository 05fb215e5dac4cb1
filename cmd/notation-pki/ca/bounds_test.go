package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
)

// Reading an RSA key computes with its numbers: the length comes first.
func TestPrivateKeysThatAreTooLarge(t *testing.T) {
	number := new(big.Int).SetBit(big.NewInt(1), 1<<19, 1)
	der, err := asn1.Marshal(struct {
		Version               int
		N                     *big.Int
		E                     int
		D, P, Q, DP, DQ, QInv *big.Int
	}{0, number, 65537, number, number, number, number, number, number})
	if err != nil {
		t.Fatal(err)
	}
	if key := PublicOf(der); key != nil {
		t.Error("read")
	}
	none := func() ([]byte, error) { return nil, nil }
	for _, kind := range []string{"RSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"} {
		text := strings.Replace(string(EncodeCRL(der)), "X509 CRL", kind, 2)
		if _, err := DecodeKey([]byte(text), none); err == nil || !strings.Contains(err.Error(), "too large to be read") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The public half of each key that is made is found in each form that others write.
func TestPublicHalves(t *testing.T) {
	for _, kind := range []KeyType{ECP256, RSA2048} {
		key := testKey(t, kind)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		forms := [][]byte{der}
		switch key := key.(type) {
		case *rsa.PrivateKey:
			forms = append(forms, x509.MarshalPKCS1PrivateKey(key))
		case *ecdsa.PrivateKey:
			sec1, err := x509.MarshalECPrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			forms = append(forms, sec1)
		}
		for i, der := range forms {
			if public, ok := PublicOf(der).(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
				t.Errorf("%s, form %d: %v", kind, i, PublicOf(der))
			}
		}
	}
	if PublicOf([]byte("junk")) != nil {
		t.Error("junk is a key")
	}
}
