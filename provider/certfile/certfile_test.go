package certfile_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
)

// der is a certificate, made once: only its bytes matter.
var der = sync.OnceValue(func() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(2e9, 0)}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return made
})

func text(blockType string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der()}))
}

func utf16(text string, first, second int) []byte {
	var out []byte
	for _, r := range "\ufeff" + text {
		var unit [2]byte
		unit[first], unit[second] = byte(r), byte(r>>8)
		out = append(out, unit[:]...)
	}
	return out
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// Every form in which tools write certificates is read.
func TestFormsThatAreRead(t *testing.T) {
	one := text("CERTIFICATE")
	for _, c := range []struct {
		name string
		data string
		want int
	}{
		{"PEM", one, 1},
		{"two", one + one, 2},
		{"text before, between", "Certificate:\n    Data:\n" + one + "\n# and\n\n" + one + "  \n", 2},
		{"bag attributes", "Bag Attributes\n    localKeyID: 01\nsubject=/CN=x\n" + one, 1},
		{"Windows line ends", strings.ReplaceAll(one+one, "\n", "\r\n"), 2},
		{"byte order mark", "\ufeff" + one, 1},
		{"byte order marks", "\ufeff" + one + "\ufeff" + one, 2},
		{"byte order mark, CRLF", "\ufeff" + strings.ReplaceAll(one, "\n", "\r\n"), 1},
		{"no end of line", strings.TrimSuffix(one, "\n"), 1},
		{"trailing spaces", strings.ReplaceAll(one, "\n", " \t\n"), 1},
		{"the older name", text("X509 CERTIFICATE"), 1},
		{"DER", string(der()), 1},
		{"two in DER", string(der()) + string(der()), 2},
	} {
		certs, err := certfile.Parse([]byte(c.data))
		if err != nil || len(certs) != c.want || !bytes.Equal(certs[0].Raw, der()) {
			t.Errorf("%s: %d certificates, %v; want %d", c.name, len(certs), err, c.want)
		}
	}
}

// What cannot be read whole is refused, and the error says why where that can be told.
func TestFormsThatAreRefused(t *testing.T) {
	one := text("CERTIFICATE")
	for _, c := range []struct{ name, data, says string }{
		{"nothing", "", "holds no certificate, in PEM or DER"},
		{"text", "see the wiki\n", "holds no certificate, in PEM or DER"},
		{"a web page", "\n<!DOCTYPE html><html>", "it is a web page"},
		{"a private key", text("PRIVATE KEY"), "it has a PRIVATE KEY, where only certificates belong"},
		{"a key behind", one + text("EC PRIVATE KEY"), "it has a EC PRIVATE KEY"},
		{"a request", text("CERTIFICATE REQUEST"), "it has a CERTIFICATE REQUEST"},
		{"openssl's own", text("TRUSTED CERTIFICATE"), "convert it: openssl x509"},
		{"PKCS #7", text("PKCS7"), "convert it: openssl pkcs7 -print_certs"},
		{"PKCS #7 in DER", "0\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0", "convert it: openssl pkcs7 -inform DER"},
		{"UTF-16", string(utf16(one, 0, 1)), "it is in UTF-16"},
		{"UTF-16, big-endian", string(utf16(one, 1, 0)), "it is in UTF-16"},
		{"indented", indent(one), "its lines are indented"},
		{"one indented", one + indent(one), "only 1 of its 2 PEM blocks can be read: its lines are indented"},
		{"joined on one line", strings.TrimSuffix(one, "\n") + one, "a line break is missing between two"},
		{"joined, one dash row", strings.TrimSuffix(one, "-----\n") + one, "a line break is missing between two"},
		{"cut", one[:len(one)/2], "only 0 of its 1 PEM blocks can be read: the end of one is missing"},
		{"one and a half", one + one[:len(one)/2], "only 1 of its 2 PEM blocks can be read"},
		{"a letter too many", strings.Replace(one, "\nM", "\n!M", 1), "only 0 of its 1 PEM blocks can be read"},
		{"no line breaks", strings.ReplaceAll(one, "\n", " "), "its line breaks are missing"},
		{"damaged", strings.Replace(one, "M", "N", 1), "certificate 1: "},
		{"DER, cut", string(der()[:100]), "holds no certificate, in PEM or DER"},
		{"DER and more", string(der()) + "x", "holds no certificate, in PEM or DER"},
		{"escapes in the type", text("\x1b]0;owned\a\x1b[2J\u202e\xff"), "it has a \ufffd]0;owned\ufffd\ufffd[2J\ufffd\ufffd, where"},
		{"a type without end", text(strings.Repeat("A", 2000)), "it has a " + strings.Repeat("A", 40) + ", where"},
	} {
		certs, err := certfile.Parse([]byte(c.data))
		if err == nil || certs != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// Files that say to hold a certificate are told apart from those that do not.
func TestHasCertificate(t *testing.T) {
	for _, tc := range []struct {
		data string
		want bool
	}{
		{text("CERTIFICATE"), true}, {text("X509 CERTIFICATE"), true}, {text("TRUSTED CERTIFICATE"), true}, {"-----BEGIN CERTIFICATE-----", true},
		{text("CERTIFICATE REQUEST"), false}, {text("X509 CRL"), false}, {text("PRIVATE KEY"), false}, {string(der()), false}, {"", false},
	} {
		if got := certfile.HasCertificate([]byte(tc.data)); got != tc.want {
			t.Errorf("%.30q: %v", tc.data, got)
		}
	}
}

// FuzzParse holds that no text is read in part.
func FuzzParse(f *testing.F) {
	one := text("CERTIFICATE")
	for _, seed := range []string{one, one + one, "\ufeff" + one, one[:40], string(der()), "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", string(utf16(one, 0, 1))} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		certs, err := certfile.Parse(data)
		if (err == nil) != (len(certs) > 0) {
			t.Errorf("%d certificates, %v", len(certs), err)
		}
		if begun := bytes.Count(data, []byte("-----BEGIN ")); err == nil && begun > 0 && begun != len(certs) {
			t.Errorf("%d certificates of %d blocks", len(certs), begun)
		}
	})
}
