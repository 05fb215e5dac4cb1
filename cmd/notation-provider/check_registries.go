package main

import (
	"fmt"
	"io"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// registryRow is what check tells of an entry under registries: whom it is believed by,
// and where it may lead at private addresses.
type registryRow struct {
	Host    string   `json:"host"`
	Trusts  string   `json:"trusts"`
	LeadsTo []string `json:"leadsTo"`
}

func registryRows(c config.Config) []registryRow {
	rows := []registryRow{}
	for _, r := range c.Registries {
		leads := append([]string{}, r.Storage...)
		if r.TokenService != "" {
			leads = append(leads, r.TokenService+" (tokens)")
		}
		rows = append(rows, registryRow{r.Host, trusts(r), leads})
	}
	return rows
}

// trusts says which authorities vouch for a registry.
func trusts(r config.Registry) string {
	switch {
	case r.PlainHTTPUnsafe:
		return "plain HTTP"
	case r.CAFile == "":
		return "system"
	case r.CAOnly:
		return r.CAFile + " alone"
	}
	return "system and " + r.CAFile
}

func printRegistries(table io.Writer, rows []registryRow) {
	fmt.Fprintln(table, "\nREGISTRY\tAUTHORITIES\tMAY LEAD TO, AT PRIVATE ADDRESSES")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.Host, printable.Text(r.Trusts), strings.Join(r.LeadsTo, " "))
	}
}
