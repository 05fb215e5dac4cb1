package ca

import (
	"encoding/pem"
	"strings"
	"testing"
)

func TestACRLUnderAnotherNameIsRefused(t *testing.T) {
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	der, err := root.CRL(CRLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"CERTIFICATE", EncodeCertificates(root.Cert)},
		{"CRL", pem.EncodeToMemory(&pem.Block{Type: "CRL", Bytes: der})},
	} {
		if list, err := DecodeCRL(tc.data); err == nil || list != nil || !strings.Contains(err.Error(), `holds a "`+tc.name+`" where a CRL should be`) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
