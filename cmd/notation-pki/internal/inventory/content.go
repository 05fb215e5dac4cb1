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
)

// content is what a file turned out to hold.
type content struct {
	certs, others int
	skipped       []string // what else there is, in words
	errs          []string
}

// empty tells that there is nothing to say of the file but what is wrong with it.
func (f *content) empty() bool { return f.certs+f.others+len(f.skipped) == 0 }

func (f *content) broken() bool { return len(f.errs) > 0 }

func (f *content) damage() string { return strings.Join(f.errs, "; ") }

func (f *content) failed(format string, args ...any) {
	f.errs = append(f.errs, fmt.Sprintf(format, args...))
}

// sort puts what a file holds onto the pile.
func (p *Pile) sort(path string, data []byte, mode fs.FileMode) *content {
	f := &content{}
	data = certfile.WithoutBOM(data)
	if begun := bytes.Count(data, []byte("-----BEGIN ")); begun > 0 {
		p.sortPEM(f, path, data, mode, begun)
	} else {
		p.sortDER(f, path, data, mode)
	}
	return f
}

func (p *Pile) sortPEM(f *content, path string, data []byte, mode fs.FileMode, begun int) {
	var certs []*x509.Certificate
	decoded := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if decoded++; len(certs) > maxCerts {
			f.failed("more than %d certificates are not read of one file", maxCerts)
			return
		}
		switch {
		case certfile.IsCertificate(block):
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				f.failed("certificate %d is damaged: %v", len(certs)+1, err)
				continue
			}
			certs = append(certs, cert)
		case block.Type == "X509 CRL":
			p.sortCRL(f, path, block.Bytes)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			p.sortKey(f, path, block, mode)
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			f.skipped = append(f.skipped, "a certificate request")
		default:
			f.skipped = append(f.skipped, fmt.Sprintf("a %q", certfile.TypeOf(block)))
		}
	}
	if decoded < begun {
		f.failed("only %d of its %d PEM blocks can be read; get it again from where it came", decoded, begun)
	}
	p.sortCerts(f, path, certs)
}

func (p *Pile) sortCerts(f *content, path string, certs []*x509.Certificate) {
	for _, cert := range certs {
		p.addCert(path, cert)
	}
	f.certs += len(certs)
	p.addChain(path, certs)
}

func (p *Pile) sortCRL(f *content, path string, der []byte) {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		f.failed("the CRL is damaged: %v", err)
		return
	}
	p.addList(path, list)
	f.others++
}

func (p *Pile) sortKey(f *content, path string, block *pem.Block, mode fs.FileMode) {
	key := privateKey{path: path, mode: mode, encrypted: block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != ""}
	if !key.encrypted {
		key.public = ca.PublicOf(block.Bytes)
	}
	p.keys = append(p.keys, key)
	f.skipped = append(f.skipped, key.String())
}

// sortDER has no name of what it is given, and tries one after the other.
func (p *Pile) sortDER(f *content, path string, data []byte, mode fs.FileMode) {
	if cert, err := x509.ParseCertificate(data); err == nil {
		p.sortCerts(f, path, []*x509.Certificate{cert})
		return
	}
	if list, err := x509.ParseRevocationList(data); err == nil {
		p.addList(path, list)
		f.others++
		return
	}
	if public := ca.PublicOf(data); public != nil {
		key := privateKey{path: path, mode: mode, public: public}
		p.keys = append(p.keys, key)
		f.skipped = append(f.skipped, key.String())
		return
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		f.skipped = append(f.skipped, "a certificate request")
		return
	}
	f.failed("holds no certificate and no CRL, neither in PEM nor in DER")
}
