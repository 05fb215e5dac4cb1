package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/suites"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// sourceFlags say who answers external_data.
type sourceFlags struct {
	providers     []string
	ca, cert, key string
	timeout       int
	record        string
}

func (f *sourceFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.providers, "provider", nil, "a live provider, `NAME=URL` with https://host:port/path; may be repeated; takes precedence over recorded verdicts of that name")
	c.Flags().StringVar(&f.ca, "ca", "", "CA `FILE` in PEM, for the live providers' certificates")
	c.Flags().StringVar(&f.cert, "cert", "", "`FILE` in PEM with the client certificate for live providers, and its chain")
	c.Flags().StringVar(&f.key, "key", "", "`FILE` in PEM with its key")
	c.Flags().IntVar(&f.timeout, "timeout", engine.DefaultTimeout, "`SECONDS` that a live provider has for an answer")
	c.Flags().StringVar(&f.record, "record", "", "write the answers of the live providers to this `FILE`, a verdicts.yaml")
}

// sources are the open ones.
type sources struct {
	suites.Sources
	recorder *verdicts.Recorder
	path     string
}

func (f *sourceFlags) open() (*sources, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	s := &sources{path: f.record}
	var err error
	if s.Live, err = f.live(); err != nil {
		return nil, err
	}
	if f.cert != "" {
		if s.Identity, err = engine.LoadIdentity(f.cert, f.key); err != nil {
			return nil, cli.UsageError("--cert, --key: %w", err)
		}
	}
	if f.record != "" {
		if s.recorder, err = verdicts.NewRecorder(f.record); err != nil {
			return nil, cli.UsageError("--record: %w", err)
		}
		s.Record = s.recorder.Record
	}
	s.Recorded, err = suites.StartReplay()
	return s, err
}

func (f *sourceFlags) check() error {
	switch live := len(f.providers) > 0; {
	case !live && f.ca+f.cert+f.key+f.record != "":
		return cli.UsageError("--ca, --cert, --key and --record are for live providers; give --provider NAME=https://…")
	case live && f.ca == "":
		return cli.UsageError("--provider needs --ca, the CA file for its certificate")
	case (f.cert == "") != (f.key == ""):
		return cli.UsageError("--cert and --key go together")
	case f.timeout < 1:
		return cli.UsageError("--timeout is at least a second")
	}
	return nil
}

func (f *sourceFlags) live() ([]engine.Provider, error) {
	if len(f.providers) == 0 {
		return nil, nil
	}
	ca, err := regularfile.Read(f.ca, regularfile.MaxText)
	if err != nil {
		return nil, cli.UsageError("--ca: %w", err)
	}
	var all []engine.Provider
	for _, given := range f.providers {
		name, address, _ := strings.Cut(given, "=")
		at, err := url.Parse(address)
		if err != nil || name == "" || at.Scheme != "https" || at.Host == "" {
			return nil, cli.UsageError("--provider %q is not NAME=https://host:port/path", given)
		}
		if slices.ContainsFunc(all, func(p engine.Provider) bool { return p.Name == name }) {
			return nil, cli.UsageError("--provider %s is given twice", name)
		}
		all = append(all, engine.Provider{Name: name, URL: address, CABundle: ca, Timeout: f.timeout})
	}
	// The files are wrong here, not at the first case.
	if _, err := engine.NewClient(engine.Options{Providers: all}); err != nil {
		return nil, cli.UsageError("--ca %s: %w", f.ca, err)
	}
	return all, nil
}

func (s *sources) close() { s.Recorded.Close() }

// record writes the recording, if one is wanted.
func (s *sources) record() error {
	if s.recorder == nil {
		return nil
	}
	if err := s.recorder.Write(); err != nil {
		return fmt.Errorf("%s is not written: %w", s.path, err)
	}
	return nil
}
