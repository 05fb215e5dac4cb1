package revoke

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
)

// Request asks for a CA's next CRL.
type Request struct {
	// Command is told notes, and its flags say what was set on the command line.
	Command *cobra.Command

	PKI layout.Folder

	// Issuer is "NAME" or "NAME/GENERATION" of the CA.
	Issuer string

	// Revoke holds serial numbers, or files of certificates, that the list revokes in addition, for the Reason.
	Revoke []string
	Reason string

	// Unrecorded allows serial numbers that the CA has no record of.
	Unrecorded bool

	// NextUpdate is how long the list is valid, from now.
	NextUpdate time.Duration

	// Publish is a file that the list replaces. Empty: it is only kept in the PKI folder.
	Publish string

	Passphrase *passphrase.Source

	reason ca.RevocationReason
	place  *layout.Publication // nil without Publish
	from   layout.Generation   // of the CA
	issuer *ca.CA
}

func (r *Request) note(format string, args ...any) { cli.Note(r.Command, format, args...) }

// Run issues the list, keeps it and publishes it.
func (r *Request) Run() (List, error) {
	if err := r.check(); err != nil {
		return List{}, err
	}
	var err error
	if r.from, err = r.PKI.Find(r.Issuer); err != nil {
		return List{}, err
	}
	if r.Publish != "" {
		if r.place, err = r.PKI.Publish(r.Publish); err != nil {
			return List{}, fmt.Errorf("--publish: %w; nothing was issued", err)
		}
		defer func() { _ = r.place.Close() }() // a directory: nothing is lost
	}
	chain, err := r.from.Chain()
	if err != nil {
		return List{}, err
	}
	serials, err := r.serials(chain[0])
	if err != nil {
		return List{}, err
	}
	if r.issuer, err = r.from.CA(r.Passphrase.Of(r.from.String())); err != nil {
		return List{}, err
	}
	unlock, err := r.lock()
	if err != nil {
		return List{}, err
	}
	defer unlock()
	return r.issue(serials)
}

// check checks the command line.
func (r *Request) check() (err error) {
	if r.Issuer == "" {
		return cli.UsageError("--issuer is missing; such as --issuer intermediate")
	}
	if r.NextUpdate < time.Hour {
		return cli.UsageError("--next-update %s: a list is valid for an hour at least", r.NextUpdate)
	}
	for _, flag := range []string{"reason", "unrecorded"} {
		if r.Command.Flags().Changed(flag) && len(r.Revoke) == 0 {
			return cli.UsageError("--%s goes with --revoke", flag)
		}
	}
	if r.PKI.Contains(r.Publish) {
		return cli.UsageError("--publish %s is in the PKI folder, where nothing is replaced; name a file of the web server's", r.Publish)
	}
	if r.reason, err = ca.ParseRevocationReason(r.Reason); err != nil {
		return cli.UsageError("--reason: %w", err)
	}
	return nil
}

// lock is held from reading the last list until the next one is published. Of two runs at a time, each would lose what the
// other revokes. It is taken only after the passphrase was read, which may take a person long.
func (r *Request) lock() (unlock func(), err error) {
	waiting := time.AfterFunc(time.Second, func() { r.note("waiting for another run that issues a list of %s", r.from) })
	defer waiting.Stop()
	if unlock, err = r.from.Lock(); err != nil {
		return nil, fmt.Errorf("locking the lists of %s against other runs: %w", r.from, err)
	}
	if r.Command.Context().Err() != nil {
		unlock()
		return nil, errors.New("interrupted; nothing was issued")
	}
	return unlock, nil
}

// issue makes the list that follows, keeps it, and publishes it.
func (r *Request) issue(serials []*big.Int) (List, error) {
	before, err := r.readHistory()
	if err != nil {
		return List{}, err
	}
	options, added := r.next(before, serials)
	der, err := r.issuer.CRL(options)
	if err != nil {
		return List{}, err
	}
	path, err := r.from.KeepCRL(options.Number, der)
	if err != nil {
		return List{}, err
	}
	if r.place != nil {
		if err := r.place.Replace(der); err != nil {
			return List{}, fmt.Errorf("the list is in %s, and could not be published: %w", path, err)
		}
	} else if added > 0 {
		r.note("note: verifiers see this once %s is where the web server shows the list of %s; --publish puts it there", path, r.from)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return List{}, err
	}
	result := NewList(path, list)
	result.Added, result.Published = added, r.Publish
	return result, nil
}
