package main

import (
	"log/slog"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
)

// listeners are the server with its two listeners, and the poller that reloads every file.
type listeners struct {
	server   *server.Server
	poller   *reload.Poller
	identity *server.Identity
	clients  *server.ClientCA
}

// listen binds both listeners.
func listen(from source, a *app, m *metrics.Metrics, log *slog.Logger) (*listeners, error) {
	c := from.config
	identity, err := server.LoadIdentity(c.TLS.CertFile, c.TLS.KeyFile)
	if err != nil {
		return nil, err
	}
	clients, err := server.LoadClientCA(c.TLS.ClientCAFile)
	if err != nil {
		return nil, err
	}
	poller := reload.New(time.Duration(c.Reload), log, m.Reload, fileSources(newConfiguration(from, a, log), a, identity, clients)...)
	m.Reloads(sourceNames(poller), reload.Outcomes())
	m.RevocationEndpoints(func() []metrics.RevocationEndpoint { return revocationEndpoints(a.verifier) })
	m.State(func() []metrics.Certificate {
		return append(certificates(a.trust, identity, clients), signers(a.verifier)...)
	}, func() []metrics.Source { return sources(poller) })
	s, err := server.New(server.Options{
		Listen:          c.Listen,
		AdminListen:     c.AdminListen,
		Identity:        identity,
		ClientCA:        clients,
		ClientNames:     c.TLS.ClientNames,
		Handler:         a.tracer.Handler(a.handler),
		Refuse:          gatekeeper.Refuse,
		Metrics:         m.Handler(),
		Sources:         func() []reload.Status { return append(poller.Status(), revocationStatus(a.verifier)) },
		HandshakeFailed: m.HandshakeFailures(server.HandshakeCauses()),
		WriteTimeout:    10*time.Second + config.MaxAnswer,
		DrainDelay:      time.Duration(c.DrainDelay),
		Log:             log,
	})
	if err != nil {
		return nil, err
	}
	m.Connections(func() []metrics.Connections { return connections(s) })
	return &listeners{server: s, poller: poller, identity: identity, clients: clients}, nil
}

// certificates are all certificates in force, for the metrics.
func certificates(trusted *trust.Files, identity *server.Identity, clients *server.ClientCA) []metrics.Certificate {
	serving := identity.Expiry()
	all := []metrics.Certificate{{Use: "serving", Subject: serving.Subject, NotBefore: serving.NotBefore, NotAfter: serving.NotAfter}}
	for _, c := range clients.Expiries() {
		all = append(all, metrics.Certificate{Use: "client-ca", Subject: c.Subject, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	for _, c := range trusted.Current().Certificates() {
		all = append(all, metrics.Certificate{Use: "trust", Store: c.Store, File: c.File, Subject: c.Subject.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	return all
}

// signers are the certificates of the signatures that verified images lately.
func signers(v *verifier.Verifier) []metrics.Certificate {
	var all []metrics.Certificate
	for _, c := range v.SignerCertificates() {
		all = append(all, metrics.Certificate{Use: c.Use, Subject: c.Subject, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	return all
}

func revocationEndpoints(v *verifier.Verifier) []metrics.RevocationEndpoint {
	var all []metrics.RevocationEndpoint
	for _, e := range v.RevocationEndpoints() {
		all = append(all, metrics.RevocationEndpoint{Kind: string(e.Kind), URL: e.URL, Failing: e.Err != nil, ThisUpdate: e.ThisUpdate, NextUpdate: e.NextUpdate})
	}
	return all
}

// revocationStatus has readiness tell of endpoints that fail, in words: their last answers are still in force.
func revocationStatus(v *verifier.Verifier) reload.Status {
	status := reload.Status{Source: "revocation"}
	for _, e := range v.RevocationEndpoints() {
		if note := e.Note(); note != "" {
			status.Notes = append(status.Notes, note)
		}
	}
	return status
}

func connections(s *server.Server) []metrics.Connections {
	var all []metrics.Connections
	for _, c := range s.Connections() {
		all = append(all, metrics.Connections(c))
	}
	return all
}

func sourceNames(p *reload.Poller) []string {
	var names []string
	for _, s := range p.Status() {
		names = append(names, s.Source)
	}
	return names
}

func sources(p *reload.Poller) []metrics.Source {
	var all []metrics.Source
	for _, s := range p.Status() {
		all = append(all, metrics.Source{Name: s.Source, Failing: s.Err != nil, Loaded: s.Loaded, Hash: s.Hash})
	}
	return all
}

// fileSources are all that goes by files which may change.
func fileSources(c *configuration, a *app, identity *server.Identity, clients *server.ClientCA) []reload.Source {
	all := []reload.Source{c, a.trust, a.registry, identity, clients}
	if a.store.valkey != nil {
		all = append(all, a.store.valkey)
	}
	return all
}
