package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/dir"

	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// makingPrefix begins the name of what is being written, before that of what it is to become.
const makingPrefix = ".making-"

// Write writes the files into a folder that is new or empty, all or none, and only if the provider would start with
// them. It returns what will bite some day.
func Write(out string, files map[string][]byte) (warnings []string, err error) {
	if out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	entries, notThere := os.ReadDir(out)
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty, and nothing is overwritten: name a new folder by --out, compare, and swap them", out)
	}
	if info, err := os.Stat(out); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, and nothing is overwritten: name a new folder by --out", out)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		return nil, err
	}
	prefix := makingPrefix + filepath.Base(out) + "-"
	if err := refuseLeftovers(filepath.Dir(out), prefix); err != nil {
		return nil, err
	}
	making, err := os.MkdirTemp(filepath.Dir(out), prefix+"*") // the last asterisk is the one that counts
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(making) }() // nothing, once it was renamed
	for name, content := range files {
		path := filepath.Join(making, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			return nil, err
		}
	}
	snapshot, err := trust.Load(filepath.Join(making, dir.PathTrustPolicy), filepath.Join(making, dir.TrustStoreDir))
	if err != nil {
		return nil, fmt.Errorf("nothing was written, since no verifier would take it: %w", err)
	}
	if notThere == nil {
		if err := os.Remove(out); err != nil { // os.Rename takes no folder's place, not even an empty one's
			return nil, err
		}
	}
	return snapshot.Warnings(time.Now()), os.Rename(making, out)
}

// refuseLeftovers finds the folder that a run left behind when it was killed. The prefix is taken letter by letter: it holds
// the name that a user typed, and must not become a pattern.
func refuseLeftovers(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if rest, ok := strings.CutPrefix(entry.Name(), prefix); ok && strings.Trim(rest, "0123456789") == "" {
			return fmt.Errorf("%s was left by a run that was killed, and may hold a private key: delete it", filepath.Join(dir, entry.Name()))
		}
	}
	return nil
}
