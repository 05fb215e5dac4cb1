package rig

import (
	"crypto/x509"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// PrintPublicRoots prints the names of the public certificate authorities that this process believes about a server, each on a
// line. It is a command of the tests for those that run where the system has none, as in an image from scratch.
func PrintPublicRoots() {
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			panic(err)
		}
		_, without := certificate.Verify(x509.VerifyOptions{}) // a client that was given no pool
		_, with := certificate.Verify(x509.VerifyOptions{Roots: egress.Roots(nil, false)})
		if without == nil && with == nil {
			fmt.Println(certificate.Subject.CommonName)
		}
	}
}
