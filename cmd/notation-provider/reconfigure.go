package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync/atomic"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
)

// prepare reads the files that other settings name, and returns what puts them in force. Until
// then, and on an error, nothing changes. What is remembered stays, as far as the new settings
// allow, and requests under way go on.
func (a *app) prepare(next settings) (apply func(), err error) {
	was, registries, trusted := a.settings, func() {}, func() {}
	if !reflect.DeepEqual(was.registries, next.registries) { // else their tokens and connections stay
		registries, err = a.registry.Prepare(next.registries.apply)
	}
	if was.trust != next.trust {
		var wrong error
		trusted, wrong = a.trust.Prepare(next.trust.PolicyFile, next.trust.StoreDir)
		err = errors.Join(err, wrong)
	}
	if err != nil {
		return nil, err
	}
	return func() {
		a.settings = next
		registries()
		a.limiter.Configure(next.limiter)
		if !reflect.DeepEqual(was.verifier, next.verifier) {
			old := a.revocation
			a.revocation = next.verifier.transport()
			a.verifier.Configure(next.verifier.signatures, a.tracer.Revocation(a.revocation), next.verifier.revocationAge)
			old.CloseIdleConnections()
		}
		if was.evidence != next.evidence {
			a.evidence.Resize(next.evidence)
		}
		if was.cache != next.cache {
			a.cache.Configure(next.cache)
		}
		a.provider.Configure(next.answers)
		a.handler.Bound(next.requests.bytes, next.requests.keys)
		trusted() // last: what a new policy covers is then asked by the new settings
	}, nil
}

// source is a configuration, the file it was read from, and what of the process goes by it.
type source struct {
	file        string
	config      config.Config
	level       *slog.LevelVar     // of the log
	boundMemory func(config.Cache) // of the garbage collector
}

// configuration keeps the server up with its configuration file. It implements reload.Source and reload.Noter.
type configuration struct {
	source

	app     *app
	log     *slog.Logger
	inForce config.Config // what was read last; source.config is what the server started with
	notes   atomic.Pointer[[]string]
}

func newConfiguration(from source, a *app, log *slog.Logger) *configuration {
	c := &configuration{source: from, app: a, log: log, inForce: from.config}
	c.notes.Store(&[]string{})
	return c
}

// Name is what the file is called in logs and readiness.
func (c *configuration) Name() string { return "configuration" }

// Hash is of the configuration that was read last.
func (c *configuration) Hash() []byte { return c.inForce.Hash() }

// Notes names the keys of the file that want a restart.
func (c *configuration) Notes() []string { return *c.notes.Load() }

// Reload reads the file again and puts what is new in force. On an error nothing changes, also if
// the server could not start by the file.
func (c *configuration) Reload() (changed bool, err error) {
	next, err := config.Load(c.file)
	if err != nil {
		return false, err
	}
	if reflect.DeepEqual(next, c.inForce) {
		return false, nil
	}
	if err := config.Unreadable(c.file); err != nil {
		return false, err
	}
	apply, err := c.app.prepare(settingsOf(next))
	if err := errors.Join(err, startable(c.inForce, next)); err != nil {
		return false, err
	}
	apply()
	c.boundMemory(next.Cache)
	c.level.Set(next.Log.Least())
	c.warn(next)
	c.inForce = next
	notes := []string{}
	for _, key := range c.config.WantRestart(next) {
		notes = append(notes, key+" changed; restart to apply")
	}
	c.notes.Store(&notes)
	return true, nil
}

// startable says why a restart by the new configuration would fail, so that it is not found then.
func startable(was, next config.Config) error {
	if reflect.DeepEqual(was.TLS, next.TLS) {
		return nil // their files have reload sources of their own
	}
	_, noIdentity := server.LoadIdentity(next.TLS.CertFile, next.TLS.KeyFile)
	_, noClients := server.LoadClientCA(next.TLS.ClientCAFile)
	if err := errors.Join(noIdentity, noClients); err != nil {
		return fmt.Errorf("the server would not start again: %w", err)
	}
	return nil
}

// warn logs what the new configuration has to be warned of and the old one had not.
func (c *configuration) warn(next config.Config) {
	ctx := context.Background()
	for _, danger := range next.Unsafe() {
		if !slices.Contains(c.inForce.Unsafe(), danger) {
			c.log.WarnContext(ctx, "unsafe setting", "setting", danger)
		}
	}
	in := installation{gatekeeper: config.DefaultGatekeeper()}
	before := configurationWarnings(c.inForce, in)
	for _, warning := range configurationWarnings(next, in) {
		if !slices.Contains(before, warning) {
			c.log.WarnContext(ctx, "configuration warning", "warning", warning)
		}
	}
}
