package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// newVersion makes the verb version.
func newVersion() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  notation-pki version -o json",
		Args:    noArgs,
	}
	o := addOutput(c)
	c.RunE = func(*cobra.Command, []string) error {
		if err := o.check(); err != nil {
			return err
		}
		return o.print(c, readVersion())
	}
	return c
}

type versionInfo struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

// readVersion is the module's, as the Go tool stamped it.
func readVersion() versionInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionInfo{Version: cmp.Or(info.Main.Version, "unknown"), Go: runtime.Version()}
}

func (v versionInfo) text() string {
	return fmt.Sprintf("notation-pki %s (%s)\n", v.Version, v.Go)
}
