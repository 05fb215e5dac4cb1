package pki

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"
)

func TestAFileOfCertificatesIsWholeOrRefused(t *testing.T) {
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := EncodeCertificates(root.Cert)
	key, err := EncodeKey(root.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		says string // or else it is read
		want int
	}{
		"PEM":               {text, "", 1},
		"DER":               {root.Cert.Raw, "", 1},
		"two":               {append(bytes.Clone(text), text...), "", 2},
		"a remark before":   {append([]byte("root of SKAO\n"), text...), "", 1},
		"cut":               {text[:len(text)-30], "", 0},
		"a letter too many": {bytes.Replace(text, []byte("\nM"), []byte("\n!M"), 1), "", 0},
		"one cut of two":    {append(bytes.Clone(text), text[:len(text)-30]...), "", 0},
		"a key beside":      {append(bytes.Clone(text), key...), "only certificates", 0},
		"DER and more":      {append(bytes.Clone(root.Cert.Raw), 'x'), "neither PEM nor a certificate in DER", 0},
		"nothing":           {nil, "neither PEM nor a certificate in DER", 0},
	} {
		certs, err := DecodeCertificates(c.data)
		if c.want > 0 {
			if err != nil || len(certs) != c.want || !certs[0].Equal(root.Cert) {
				t.Errorf("%s: %d, %v", name, len(certs), err)
			}
			continue
		}
		if err == nil || certs != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d, %v; want %q", name, len(certs), err, c.says)
			continue
		}
		// What is PEM and damaged is not said to be none.
		if bytes.Contains(c.data, []byte("BEGIN")) && strings.Contains(err.Error(), "neither PEM") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACRLUnderAnotherNameIsRefused(t *testing.T) {
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	der, err := root.CRL(CRLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"CERTIFICATE": EncodeCertificates(root.Cert),
		"CRL":         pem.EncodeToMemory(&pem.Block{Type: "CRL", Bytes: der}),
	} {
		if list, err := DecodeCRL(data); err == nil || list != nil || !strings.Contains(err.Error(), `holds a "`+name+`" where a CRL should be`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
