package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// buildFloor builds the floor process as the server is built, and returns its path.
func buildFloor(ctx context.Context, dir string) (binary string, err error) {
	binary = filepath.Join(dir, "floor.bin")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "gitlab.com/ska-telescope/notation-provider/test/bench/floor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the floor: %w: %s", err, out)
	}
	return binary, nil
}

// launchFloor starts a floor process in a folder of its own, with the answers that
// it is to give, by their number of keys.
func launchFloor(ctx context.Context, world *rig.World, o options, answers map[int]json.RawMessage) (*process, error) {
	dir, err := os.MkdirTemp(world.Dir, "floor-")
	if err != nil {
		return nil, err
	}
	if _, err := world.WriteDoor(dir); err != nil {
		return nil, err
	}
	text, err := json.Marshal(answers)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "answers.json"), text, 0o600); err != nil {
		return nil, err
	}
	return launch(ctx, o.floor, dir, rig.GatekeeperName)
}
