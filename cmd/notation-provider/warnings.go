package main

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
)

// installation is what a configuration cannot say of the cluster it is for.
type installation struct {
	gatekeeper config.Gatekeeper
	host       string // of the Provider's url; empty if it is not known
}

// configurationWarnings are the settings that work and will hurt.
func configurationWarnings(c config.Config, in installation) []string {
	return slices.Concat(c.Late(in.gatekeeper), c.Warnings())
}

// certificateWarnings are why clients or registries would be refused, now or soon.
func certificateWarnings(c config.Config, in installation, identity *server.Identity, clients *server.ClientCA, now time.Time) []string {
	return slices.Concat(identity.Warnings(in.host, now), clients.Warnings(now), endingSoon(otherCertificates(c, now)))
}

// endingSoon warns of certificates with less than 30 days left.
func endingSoon(rows []certificateRow) []string {
	var found []string
	for _, row := range rows {
		if row.DaysLeft < 30 {
			found = append(found, fmt.Sprintf("the %s certificate %s in %s ends on %s; renew it",
				row.Use, printable.Quote(row.Subject), row.File, row.NotAfter.Format(time.DateOnly)))
		}
	}
	return found
}

// otherCertificates are those of registries and of the evidence store, whose files have been read before.
func otherCertificates(c config.Config, now time.Time) []certificateRow {
	var rows []certificateRow
	for _, r := range c.Registries {
		rows = append(rows, certificatesIn(r.CAFile, "registry-ca", now)...)
	}
	if kept := c.Cache.Evidence; kept.Store == config.StoreValkey {
		rows = slices.Concat(rows, certificatesIn(kept.Valkey.TLS.CAFile, "store-ca", now), certificatesIn(kept.Valkey.TLS.ClientCertFile, "store-client", now))
	}
	return rows
}

func certificatesIn(file, use string, now time.Time) []certificateRow {
	text, err := regularfile.Read(file, reload.MaxFile)
	if err != nil {
		return nil // there is none, or it was taken away meanwhile, and the next reload tells
	}
	certs, _ := certfile.Parse(text)
	rows := make([]certificateRow, 0, len(certs))
	for _, cert := range certs {
		rows = append(rows, certificateRow{Use: use, File: file, Subject: cert.Subject.String(), NotAfter: cert.NotAfter.UTC(), DaysLeft: daysLeft(cert.NotAfter, now)})
	}
	return rows
}

func daysLeft(end, now time.Time) int { return int(end.Sub(now).Hours() / 24) }

// hostOf is the host of a Provider's url, which must be as Gatekeeper wants it.
func hostOf(providerURL string) (string, error) {
	if providerURL == "" {
		return "", nil
	}
	u, err := url.Parse(providerURL)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return "", cli.UsageError("--provider-url %q is not a url that Gatekeeper takes; write it as in the Provider object, like https://notation-provider.notation-provider.svc:8443/validate", providerURL)
	}
	return u.Hostname(), nil
}
