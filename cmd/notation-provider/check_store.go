package main

import (
	"fmt"
	"io"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// storeRow is what check tells of the evidence store outside the process. It has no password, and no path to one.
type storeRow struct {
	// Kind is directory or valkey, and Mode how servers are arranged.
	Kind string `json:"kind"`
	Mode string `json:"mode,omitempty"`
	// At is the folder, or each host:port.
	At []string `json:"at"`
	// Trusts says which authorities vouch for the servers; empty for a folder.
	Trusts string `json:"trusts,omitempty"`
}

// storeOf is nil where evidence is in memory alone.
func storeOf(c config.Config) *storeRow {
	switch kept := c.Cache.Evidence; kept.Store {
	case config.StoreDirectory:
		return &storeRow{Kind: string(kept.Store), At: []string{kept.Directory.Path}}
	case config.StoreValkey:
		row := &storeRow{Kind: string(kept.Store), Mode: string(kept.Valkey.Mode), At: kept.Valkey.Addresses, Trusts: "system"}
		switch {
		case kept.Valkey.PlainTextUnsafe:
			row.Trusts = "plain text"
		case kept.Valkey.TLS.CAFile != "":
			row.Trusts = kept.Valkey.TLS.CAFile + " alone"
		}
		return row
	case config.StoreNone:
	}
	return nil
}

func (s *storeRow) print(table io.Writer) {
	if s == nil {
		return
	}
	fmt.Fprintln(table, "\nEVIDENCE STORE\tMODE\tAUTHORITIES\tAT")
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Kind, s.Mode, printable.Text(s.Trusts), printable.Text(strings.Join(s.At, " ")))
}
