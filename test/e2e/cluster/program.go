//go:build e2e

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// becomeProgram gives up what the container may not have, and becomes its program.
func (l *launch) becomeProgram() error {
	unix.Umask(0o022)
	if err := os.MkdirAll(l.Dir, 0o755); err != nil && !errors.Is(err, unix.EROFS) {
		return err
	}
	if !l.Privileged {
		if err := dropCapabilities(l.Capabilities); err != nil {
			return err
		}
	}
	if !l.OneUser {
		if err := errors.Join(unix.Setgroups(l.Groups), unix.Setresgid(l.GID, l.GID, l.GID), unix.Setresuid(l.UID, l.UID, l.UID)); err != nil {
			return fmt.Errorf("becoming user %d: %w", l.UID, err)
		}
	}
	if l.NoNewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
	}
	if err := unix.Chdir(l.Dir); err != nil {
		return fmt.Errorf("working folder %s: %w", l.Dir, err)
	}
	program, err := l.find()
	if err != nil {
		return err
	}
	return fmt.Errorf("starting %s: %w", program, unix.Exec(program, l.Args, l.Env))
}

// find looks for the program in the PATH of the container.
func (l *launch) find() (string, error) {
	os.Clearenv()
	for _, pair := range l.Env {
		if value, ok := strings.CutPrefix(pair, "PATH="); ok {
			if err := os.Setenv("PATH", value); err != nil {
				return "", err
			}
		}
	}
	return exec.LookPath(l.Args[0])
}
