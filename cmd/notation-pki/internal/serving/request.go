package serving

import (
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// MaxDays bounds how long the certificates are valid. Somebody has to remember them: ten years are too long for that.
const MaxDays = 3650

// Request asks for the certificates.
type Request struct {
	Hosts   []string // that Gatekeeper dials: DNS names or IP addresses; one at least
	Client  string   // a name of the client certificate; empty for none
	KeyType string
	Days    int
	Out     string // a folder that is not there yet
}

// Run makes the certificates, and writes all files or none. Nothing is overwritten.
func (r Request) Run() (Made, error) {
	if err := r.check(); err != nil {
		return Made{}, err
	}
	server, client := ca.Options{KeyType: ca.KeyType(r.KeyType)}, ca.Options{KeyType: ca.KeyType(r.KeyType)}
	if err := errors.Join(addNames(&server, "--host", r.Hosts), r.addClient(&client)); err != nil {
		return Made{}, err
	}
	r.Out = filepath.Clean(r.Out) // a folder is made beside it first, and "serving/" would be in it
	made := Made{Folder: r.Out, Hosts: slices.Clone(r.Hosts), Client: r.Client, NotAfter: time.Now().AddDate(0, 0, r.Days).UTC().Truncate(time.Second)}
	files, err := issue(server, client, made)
	if err != nil {
		return Made{}, err
	}
	return made.withPaths(), layout.Folder{Path: r.Out}.Create(layout.Generation{Dir: r.Out}, files)
}

func (r Request) check() error {
	switch _, err := os.Lstat(filepath.Clean(r.Out)); {
	case len(r.Hosts) == 0:
		return cli.UsageError("--host is missing: Gatekeeper wants the host of the Provider's url in the certificate; in a cluster give --host notation-provider.notation-provider.svc")
	case r.Out == "":
		return cli.UsageError("--out is empty; name a folder that is not there yet")
	case r.Days < 1 || r.Days > MaxDays:
		return cli.UsageError("--days %d: the certificates are valid for 1 to %d days", r.Days, MaxDays)
	case !slices.Contains(ca.KeyTypes(), ca.KeyType(r.KeyType)):
		return cli.UsageError("--key-type %q is not known; %s", r.KeyType, spelling.Advice(r.KeyType, ca.KeyTypes()))
	case err == nil:
		return fmt.Errorf("%s is there already, and nothing is overwritten; name another folder by --out", r.Out)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

func (r Request) addClient(o *ca.Options) error {
	if r.Client == "" {
		return nil
	}
	err := addNames(o, "--client", []string{r.Client})
	if len(o.IPAddresses) > 0 {
		return cli.UsageError("--client %q is an IP address, and the provider goes by names; write one of tls.clientNames", r.Client)
	}
	return err
}

// issue makes the files. The CA issues nothing below the certificates, and its key is forgotten.
func issue(server, client ca.Options, made Made) (map[string][]byte, error) {
	none := 0
	root, err := ca.NewRoot(ca.Options{Subject: pkix.Name{CommonName: "notation-provider TLS CA"}, PathLen: &none, NotAfter: made.NotAfter})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{caFile: ca.EncodeCertificates(root.Cert)}
	server.Subject, server.NotAfter = pkix.Name{CommonName: "notation-provider"}, made.NotAfter
	serving, err := root.Server(server)
	if err != nil {
		return nil, err
	}
	if err := add(files, certFile, keyFile, serving); err != nil || made.Client == "" {
		return files, err
	}
	client.Subject, client.NotAfter = pkix.Name{CommonName: "notation-provider client"}, made.NotAfter
	caller, err := root.Client(client)
	if err != nil {
		return nil, err
	}
	return files, add(files, clientCertFile, clientKeyFile, caller)
}

func add(files map[string][]byte, cert, key string, id *ca.Identity) error {
	text, err := ca.EncodeKey(id.Key)
	files[cert], files[key] = ca.EncodeCertificates(id.Cert), text
	return err
}
