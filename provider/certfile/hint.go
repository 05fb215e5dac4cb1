package certfile

import (
	"bytes"
	"encoding/pem"
	"regexp"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// bom is a byte order mark in UTF-8, which editors on Windows write.
const bom = "\xef\xbb\xbf"

// WithoutBOM returns data without the byte order mark in front, and without those in
// front of PEM blocks, where files were joined.
func WithoutBOM(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte(bom))
	return bytes.ReplaceAll(data, []byte(bom+begin), []byte(begin))
}

// longestType is how much of a PEM block's type is told.
const longestType = 40

// TypeOf is the type of a PEM block, fit to be printed: it may hold any byte.
func TypeOf(block *pem.Block) string {
	name := []rune(block.Type)
	return printable.Text(string(name[:min(len(name), longestType)]))
}

// convert tells how to make certificates of what tools write in their place.
func convert(blockType string) string {
	switch blockType {
	case "TRUSTED CERTIFICATE":
		return "; convert it: openssl x509 -in OLD -out NEW"
	case "PKCS7", "CMS", "CERTIFICATE CHAIN":
		return "; convert it: openssl pkcs7 -print_certs -in OLD -out NEW"
	}
	return ""
}

var (
	indented  = regexp.MustCompile(`(?m)^[ \t]+-----BEGIN `)
	unbroken  = regexp.MustCompile(`-----END [^-\n]*-----+BEGIN `)
	signedDER = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02} // PKCS#7 signedData, RFC 2315 section 14
)

// hint says why data may be unreadable, as far as that can be told.
func hint(data []byte) string {
	switch head := data[:min(len(data), 64)]; {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}), bytes.Contains(head, []byte("-\x00-\x00")):
		return ": it is in UTF-16, as PowerShell writes; write it in UTF-8"
	case indented.Match(data):
		return ": its lines are indented; remove the spaces in front of them"
	case unbroken.Match(data):
		return ": a line break is missing between two of them"
	case bytes.Contains(head, signedDER):
		return ": it is PKCS #7; convert it: openssl pkcs7 -inform DER -print_certs -in OLD -out NEW"
	case bytes.HasPrefix(bytes.TrimSpace(bytes.ToLower(head)), []byte("<")):
		return ": it is a web page"
	case bytes.Count(data, []byte(begin)) > bytes.Count(data, []byte("-----END ")):
		return ": the end of one is missing"
	case bytes.Contains(data, []byte(begin)) && !bytes.Contains(data, []byte("\n")):
		return ": its line breaks are missing"
	}
	return ""
}
