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
	found := slices.Concat(identity.Warnings(in.host, now), clients.Warnings(now))
	for _, row := range registryCertificates(c, now) {
		if row.DaysLeft < 30 {
			found = append(found, fmt.Sprintf("the registry-ca certificate %s in %s ends on %s; renew it",
				printable.Quote(row.Subject), row.File, row.NotAfter.Format(time.DateOnly)))
		}
	}
	return found
}

// registryCertificates are those in the caFiles of registries, which have been read before.
func registryCertificates(c config.Config, now time.Time) []certificateRow {
	var rows []certificateRow
	for _, r := range c.Registries {
		text, err := regularfile.Read(r.CAFile, reload.MaxFile)
		if err != nil {
			continue // it was taken away meanwhile, and the next reload tells
		}
		certs, _ := certfile.Parse(text)
		for _, cert := range certs {
			rows = append(rows, certificateRow{Use: "registry-ca", File: r.CAFile, Subject: cert.Subject.String(), NotAfter: cert.NotAfter.UTC(), DaysLeft: daysLeft(cert.NotAfter, now)})
		}
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
