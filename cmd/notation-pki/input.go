package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

const (
	// stdin, in place of a file's name, is standard input.
	stdin = "-"
	// maxInput is how much is read of a file that holds certificates or a request, in bytes.
	maxInput = 4 << 20
)

// readInput reads a file that the command line names: a regular file, or standard input by the name [stdin].
func readInput(c *cobra.Command, path string) ([]byte, error) {
	if path == stdin {
		return regularfile.ReadAll(c.InOrStdin(), "standard input", maxInput)
	}
	data, err := regularfile.Read(path, maxInput)
	if info, failed := os.Stat(path); errors.Is(err, regularfile.ErrNotRegular) && failed == nil && !info.IsDir() {
		return nil, fmt.Errorf("%w; name a file, or give - and send its contents to standard input", err)
	}
	return data, err
}
