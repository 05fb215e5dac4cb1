package inventory

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// fileContents counts what a file holds, and lists what is wrong with it.
type fileContents struct {
	certs, others int
	skipped       []string // other contents, in words
	errs          []string
}

// empty reports that the file holds nothing that was recognized.
func (contents *fileContents) empty() bool {
	return contents.certs+contents.others+len(contents.skipped) == 0
}

func (contents *fileContents) broken() bool { return len(contents.errs) > 0 }

func (contents *fileContents) damage() string { return strings.Join(contents.errs, "; ") }

func (contents *fileContents) failed(format string, args ...any) {
	contents.errs = append(contents.errs, fmt.Sprintf(format, args...))
}

// add reads a file's data, in PEM or DER, and adds what it holds.
func (files *Files) add(path string, data []byte, mode fs.FileMode) *fileContents {
	contents := &fileContents{}
	data = certfile.WithoutBOM(data)
	if begun := bytes.Count(data, []byte("-----BEGIN ")); begun > 0 {
		files.addPEM(contents, path, data, mode, begun)
	} else {
		files.addDER(contents, path, data, mode)
	}
	return contents
}

func (files *Files) addPEM(contents *fileContents, path string, data []byte, mode fs.FileMode, begun int) {
	var certs []*x509.Certificate
	decoded := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if decoded++; len(certs) > maxCerts {
			contents.failed("more than %d certificates are not read of one file", maxCerts)
			return
		}
		switch {
		case certfile.IsCertificate(block):
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				contents.failed("certificate %d is damaged: %v", len(certs)+1, err)
				continue
			}
			certs = append(certs, cert)
		case block.Type == "X509 CRL":
			files.addCRL(contents, path, block.Bytes)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			files.addKey(contents, path, block, mode)
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			contents.skipped = append(contents.skipped, "a certificate request")
		default:
			contents.skipped = append(contents.skipped, fmt.Sprintf("a %q", certfile.TypeOf(block)))
		}
	}
	if decoded < begun {
		contents.failed("only %d of its %d PEM blocks can be read; get it again from where it came", decoded, begun)
	}
	files.addCerts(contents, path, certs)
}

func (files *Files) addCerts(contents *fileContents, path string, certs []*x509.Certificate) {
	for _, cert := range certs {
		if err := keysize.CheckNames(cert.RawSubject, cert.RawIssuer); err != nil {
			contents.failed("%v", err)
			return
		}
	}
	for _, cert := range certs {
		files.addCert(path, cert)
	}
	contents.certs += len(certs)
	files.addChain(path, certs)
}

func (files *Files) addCRL(contents *fileContents, path string, der []byte) {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		contents.failed("the CRL is damaged: %v", err)
		return
	}
	files.addCheckedList(contents, path, list)
}

// addCheckedList adds a list whose issuer has a name that is not too long to be written.
func (files *Files) addCheckedList(contents *fileContents, path string, list *x509.RevocationList) {
	if err := keysize.CheckNames(list.RawIssuer); err != nil {
		contents.failed("%v", err)
		return
	}
	files.addList(path, list)
	contents.others++
}

func (files *Files) addKey(contents *fileContents, path string, block *pem.Block, mode fs.FileMode) {
	key := privateKey{path: path, mode: mode, encrypted: block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != ""}
	if !key.encrypted {
		key.public = ca.PublicOf(block.Bytes)
	}
	files.keys = append(files.keys, key)
	contents.skipped = append(contents.skipped, key.String())
}

// addDER tries each kind in turn: DER does not name its kind.
func (files *Files) addDER(contents *fileContents, path string, data []byte, mode fs.FileMode) {
	if cert, err := x509.ParseCertificate(data); err == nil {
		files.addCerts(contents, path, []*x509.Certificate{cert})
		return
	}
	if list, err := x509.ParseRevocationList(data); err == nil {
		files.addCheckedList(contents, path, list)
		return
	}
	if public := ca.PublicOf(data); public != nil {
		key := privateKey{path: path, mode: mode, public: public}
		files.keys = append(files.keys, key)
		contents.skipped = append(contents.skipped, key.String())
		return
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		contents.skipped = append(contents.skipped, "a certificate request")
		return
	}
	contents.failed("holds no certificate and no CRL, neither in PEM nor in DER")
}
