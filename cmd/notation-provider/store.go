package main

import (
	"log/slog"
	"net/netip"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence/valkey"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
)

// evidenceBehind is the store of evidence outside this process.
type evidenceBehind struct {
	durable *evidence.Durable // nil: none
	valkey  *valkey.Storage   // nil: it is none of these
}

// openStore opens the store that the configuration names.
func openStore(c config.Config, m *metrics.Metrics, log *slog.Logger) (evidenceBehind, error) {
	ended := m.EvidenceRequests(texts(evidence.Operations()), texts(evidence.Outcomes()))
	kept, envelope := c.Cache.Evidence, int64(c.Limits.Envelope)
	var storage evidence.Storage
	var b evidenceBehind
	switch kept.Store {
	case config.StoreDirectory:
		storage = evidence.NewDirectory(kept.Directory.Path, int64(kept.Directory.Size), envelope)
	case config.StoreValkey:
		servers, err := valkey.New(valkeyOptions(kept.Valkey, envelope))
		if err != nil {
			return b, err
		}
		storage, b.valkey = servers, servers
	case config.StoreNone:
		return b, nil
	}
	b.durable = evidence.NewDurable(storage, envelope, func(operation evidence.Operation, outcome evidence.Outcome) {
		ended(string(operation), string(outcome))
	}, log)
	return b, nil
}

// circuits tells which operations are left alone, as they fail again and again.
func (b evidenceBehind) circuits() map[string]bool {
	open := map[string]bool{}
	for _, operation := range evidence.Operations() {
		open[string(operation)] = b.durable != nil && b.durable.Open(operation)
	}
	return open
}

// checkStore says why the store that the configuration names could not be opened. It does not use the network.
func checkStore(c config.Config) error {
	if c.Cache.Evidence.Store != config.StoreValkey {
		return nil
	}
	return valkey.Check(valkeyOptions(c.Cache.Evidence.Valkey, int64(c.Limits.Envelope)))
}

func (b evidenceBehind) close() {
	if b.durable != nil {
		b.durable.Close()
	}
	if b.valkey != nil {
		b.valkey.Close()
	}
}

func texts[S ~string](all []S) []string {
	found := make([]string, len(all))
	for i, one := range all {
		found[i] = string(one)
	}
	return found
}

func valkeyOptions(v config.EvidenceValkey, envelope int64) valkey.Options {
	o := valkey.Options{
		Mode: string(v.Mode), Addresses: v.Addresses, Master: v.Master,
		Username: v.Username, PasswordFile: v.PasswordFile,
		SentinelUsername: v.SentinelUsername, SentinelPasswordFile: v.SentinelPasswordFile,
		CAFile: v.TLS.CAFile, CertFile: v.TLS.ClientCertFile, KeyFile: v.TLS.ClientKeyFile, ServerName: v.TLS.ServerName,
		PlainTextUnsafe: v.PlainTextUnsafe,
		Prefix:          v.Prefix, TTL: time.Duration(v.TTL), EntryBytes: evidence.EntryBound(envelope),
	}
	for _, network := range v.Nodes {
		o.Nodes = append(o.Nodes, netip.MustParsePrefix(network)) // which config has checked
	}
	return o
}
