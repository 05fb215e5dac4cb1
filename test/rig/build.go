package rig

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
)

// serverPackage is where the server's main is.
const serverPackage = "gitlab.com/ska-telescope/notation-provider/cmd/notation-provider"

// BuildProvider builds the server into dir and returns the binary's path. Call it from anywhere within the module. With
// race it detects races, as tests want it that do so themselves ([RaceEnabled]), and needs a C compiler.
func BuildProvider(ctx context.Context, dir string, race bool) (binary string, err error) {
	binary = filepath.Join(dir, "notation-provider")
	args := []string{"build", "-buildvcs=false", "-o", binary}
	if race {
		args = append(args, "-race")
	}
	if said, err := exec.CommandContext(ctx, "go", append(args, serverPackage)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w: %s", err, said)
	}
	return binary, lookAtSources(ctx)
}

// lookAtSources reads the directories that the server is made of. go test remembers the result of a test as long as what
// the test looked at is the same, and does not know what a compiler looked at for it.
func lookAtSources(ctx context.Context) error {
	said, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", serverPackage).Output()
	if err != nil {
		return fmt.Errorf("finding the provider's sources: %w", err)
	}
	main := strings.TrimSpace(string(said))
	for _, dir := range []string{main, filepath.Join(main, "..", "..", "provider")} {
		if err := filepath.WalkDir(dir, func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			return err
		}
	}
	return nil
}
