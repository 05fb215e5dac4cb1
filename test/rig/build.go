package rig

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// serverPackage is where the server's main is.
const serverPackage = "gitlab.com/ska-telescope/notation-provider/cmd/notation-provider"

// BuildProvider builds the server into dir and returns the binary's path. Call it from anywhere within the module. With
// race it detects races, as tests want it that do so themselves ([RaceEnabled]), and needs a C compiler.
func BuildProvider(ctx context.Context, dir string, race bool) (binary string, err error) {
	binary = filepath.Join(dir, "notation-provider")
	args := []string{"build", "-o", binary}
	if race {
		args = append(args, "-race")
	}
	if said, err := exec.CommandContext(ctx, "go", append(args, serverPackage)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w: %s", err, said)
	}
	return binary, nil
}
