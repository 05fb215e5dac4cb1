package signatures

import (
	"context"
	"crypto/x509"
	"fmt"

	corerevocation "github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/input"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

func (r *Request) options() (notation.SignerSignOptions, error) {
	options := notation.SignerSignOptions{
		SignatureMediaType: r.mediaType,
		ExpiryDuration:     r.Expiry,
		SigningAgent:       "notation-pki",
	}
	if r.TimestampURL == "" {
		return options, nil
	}
	var err error
	if options.TSARootCAs, err = r.timestampRoots(); err != nil {
		return options, err
	}
	client := images.NewClient(r.Registry.Timeout)
	stamper, err := tspclient.NewHTTPTimestamper(client, r.TimestampURL)
	if err != nil {
		return options, err
	}
	options.Timestamper = announced{stamper, func() { r.note("timestamping by %s", r.timestampHost) }}
	fetcher, err := crl.NewHTTPFetcher(client)
	if err != nil {
		return options, err
	}
	options.TSARevocationValidator, err = corerevocation.NewWithOptions(corerevocation.Options{
		OCSPHTTPClient: client, CRLFetcher: fetcher, CertChainPurpose: purpose.Timestamping,
	})
	return options, err
}

func (r *Request) timestampRoots() (*x509.CertPool, error) {
	data, err := input.Read(r.Command, r.TimestampRoot)
	if err != nil {
		return nil, fmt.Errorf("--timestamp-root: %w", err)
	}
	certs, err := certfile.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("--timestamp-root: %s: %w", r.TimestampRoot, err)
	}
	for _, cert := range certs {
		if role := rules.RoleOf(cert); role != rules.RoleRoot {
			return nil, fmt.Errorf("--timestamp-root: %s: %s is no root certificate (%s); give the one that it leads to", r.TimestampRoot, printable.Quote(cert.Subject), role)
		}
	}
	return ca.Pool(certs...), nil
}

// announced tells when a timestamp is asked for, and looks at the keys in the answer.
type announced struct {
	tspclient.Timestamper
	tell func()
}

// Timestamp implements tspclient.Timestamper.
func (a announced) Timestamp(ctx context.Context, request *tspclient.Request) (*tspclient.Response, error) {
	a.tell()
	response, err := a.Timestamper.Timestamp(ctx, request)
	if err != nil {
		return nil, err
	}
	// An attacker on the way may answer, and the library computes with each key in the answer.
	if token, err := response.SignedToken(); err == nil {
		if err := keysize.CheckChain(token.Certificates); err != nil {
			return nil, fmt.Errorf("the answer of the timestamp authority: %w", err)
		}
	}
	return response, nil
}
