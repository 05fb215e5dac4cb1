// Package input reads the files that a command line names.
package input

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
	// maxBytes bounds a file that holds certificates or a request.
	maxBytes = 4 << 20
)

// Read reads a regular file of at most 4 MiB, or the command's standard input if the path is "-".
func Read(c *cobra.Command, path string) ([]byte, error) {
	if path == stdin {
		return regularfile.ReadAll(c.InOrStdin(), "standard input", maxBytes)
	}
	data, err := regularfile.Read(path, maxBytes)
	if info, failed := os.Stat(path); errors.Is(err, regularfile.ErrNotRegular) && failed == nil && !info.IsDir() {
		return nil, fmt.Errorf("%w; name a file, or give - and send its contents to standard input", err)
	}
	return data, err
}
