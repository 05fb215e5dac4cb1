package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// GatekeeperName is the DNS name in Gatekeeper's client certificate, as its chart installs it.
const GatekeeperName = "gatekeeper-webhook-service.gatekeeper-system.svc"

// Env holds the CAs, registries and endpoints of one test or demo. It is safe for concurrent use.
type Env struct {
	// Dir is where the environment keeps the few files it needs; it is the caller's.
	Dir string

	// SKAO is the PKI that signs by default. Its certificates name no revocation endpoint.
	SKAO *PKI

	// TSA is a timestamp authority with a root of its own; its Root is what a tsa trust store holds.
	TSA *TSA

	// RegistryCA issues the certificates of registries, ServerCA that of the provider, and ClientCA that of Gatekeeper.
	RegistryCA, ServerCA, ClientCA *ca.CA

	// ServerCert is the provider's serving certificate, for 127.0.0.1 and localhost. ClientCert is Gatekeeper's, with
	// [GatekeeperName] and both TLS purposes, as Gatekeeper's own rotator makes it.
	ServerCert, ClientCert *ca.Identity

	// Endpoints answers for CAs and timestamp authorities: CRL, OCSP and RFC 3161, over plain HTTP.
	Endpoints *Endpoints

	mu      sync.Mutex
	closers []func() error
}

// New makes an environment that keeps its files in dir. Registries are started on demand. Close it when done.
func New(_ context.Context, dir string) (*Env, error) {
	w := &Env{Dir: dir}
	if err := w.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("building the environment: %w", err), w.Close())
	}
	return w, nil
}

func (w *Env) build() error {
	var err error
	if w.Endpoints, err = newEndpoints(); err != nil {
		return err
	}
	w.onClose(w.Endpoints.close)
	if w.SKAO, err = w.NewPKI(PKIOptions{}); err != nil {
		return err
	}
	if w.TSA, err = newTSA(); err != nil {
		return err
	}
	return w.buildTLS()
}

// buildTLS makes the three CAs of the connections and the certificates of the provider and of Gatekeeper.
func (w *Env) buildTLS() (err error) {
	for name, issuer := range map[string]**ca.CA{
		"registry-ca": &w.RegistryCA,
		"server-ca":   &w.ServerCA,
		"client-ca":   &w.ClientCA,
	} {
		if *issuer, err = ca.NewRoot(ca.Options{Subject: subject("rig", name)}); err != nil {
			return err
		}
	}
	if w.ServerCert, err = w.ServerCA.Server(onLoopback("notation-provider")); err != nil {
		return err
	}
	w.ClientCert, err = w.ClientCA.Peer(ca.Options{
		Subject:  subject("gatekeeper", GatekeeperName),
		DNSNames: []string{GatekeeperName},
	})
	return err
}

// newTSA makes a timestamp authority that has been there for years, so that it can stamp the past.
func newTSA() (*TSA, error) {
	root, err := ca.NewRoot(ca.Options{Subject: subject("Timestamps", "Timestamp Root CA"), NotBefore: longAgo()})
	if err != nil {
		return nil, err
	}
	return NewTSA(root, ca.Options{Subject: subject("Timestamps", "Timestamp Authority"), NotBefore: longAgo()})
}

// Close stops everything that the environment started, the last first. Hanging requests end.
func (w *Env) Close() error {
	w.mu.Lock()
	closers := w.closers
	w.closers = nil
	w.mu.Unlock()
	var errs []error
	for _, closer := range slices.Backward(closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

func (w *Env) onClose(closer func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closers = append(w.closers, closer)
}

// onLoopback says what a server's certificate holds when it listens on loopback.
func onLoopback(commonName string) ca.Options {
	return ca.Options{
		Subject:     subject("rig", commonName),
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// longAgo is when CAs of the environment came into being: early enough for any signature a test wants to have been made.
func longAgo() time.Time {
	return time.Now().AddDate(-10, 0, 0)
}
