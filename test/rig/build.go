package rig

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// sources are the commands that tests drive, by name: the folder below the module's root to build in, and what. Those of
// others have modules of their own.
func sources() map[string]struct{ in, what string } {
	return map[string]struct{ in, what string }{
		"notation-provider": {".", "./cmd/notation-provider"},
		"notation-pki":      {".", "./cmd/notation-pki"},
		"notation":          {"test/tools/notation", "github.com/notaryproject/notation/cmd/notation"},
		"cert-rotator":      {".", "./cmd/cert-rotator"},
		"policytest":        {".", "./cmd/policytest"},
		"floor":             {".", "./test/bench/floor"},
		"oras":              {"test/tools/oras", "oras.land/oras/cmd/oras"},
		"helm":              {"test/tools/helm", "helm.sh/helm/v4/cmd/helm"},
		"helm-docs":         {"test/tools/helm-docs", "github.com/norwoodj/helm-docs/cmd/helm-docs"},
	}
}

// Build builds a command of ours, or notation, oras, helm or helm-docs, into dir and returns the binary's path. Call it from
// anywhere within the module: its .cache keeps the binary, which is built again when it is out of date. The server detects
// races where the tests do; the others do not, for RSA keys would take minutes to make. Commands of ours that do not are
// built as Dockerfile and make build do: people get the same.
func Build(ctx context.Context, dir, command string) (binary string, err error) {
	return build(ctx, dir, command, os.Environ(), raceEnabled)
}

func build(ctx context.Context, dir, command string, environment []string, race bool) (binary string, err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	from, variant, flags := sources()[command], "plain", []string(nil)
	switch {
	case command == "notation-provider" && race:
		variant, flags = "raced", append(flags, "-race")
	case from.in == ".":
		flags, environment = append(flags, "-trimpath"), append(slices.Clip(environment), "CGO_ENABLED=0")
	}
	if command == "notation-pki" && os.Getenv("QUICK_PASSPHRASES") != "" {
		variant, flags = "quick", append(flags, "-tags", "quickpassphrases")
	}
	kept := filepath.Join(root, ".cache", "test", variant, command)
	args := append([]string{"build", "-buildvcs=false", "-o", kept}, append(flags, from.what)...)
	compiler := exec.CommandContext(ctx, "go", args...)
	compiler.Dir, compiler.Env = filepath.Join(root, from.in), environment
	binary = filepath.Join(dir, command)
	if err := buildKept(compiler, kept, binary); err != nil {
		return "", fmt.Errorf("building %s: %w", command, err)
	}
	return binary, lookAtSources(root)
}

// buildKept runs the compiler, which leaves a kept binary as it is where that is up to date. Linking takes seconds, and many
// packages drive the same commands. The test gets a name of its own for the file, for the next build replaces the kept one.
func buildKept(compiler *exec.Cmd, kept, binary string) error {
	for _, file := range []string{kept, binary} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
	}
	unlock, err := lockedfile.MutexAt(kept + ".lock").Lock() // go build does not look for another that writes the same file
	if err != nil {
		return err
	}
	defer unlock()
	if said, err := compiler.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	if err := os.Link(kept, binary); err == nil {
		return nil
	}
	content, err := os.ReadFile(kept) // a temporary folder is often on another disk, to which no link leads
	if err != nil {
		return err
	}
	return os.WriteFile(binary, content, 0o755)
}

func moduleRoot(ctx context.Context) (string, error) {
	said, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return strings.TrimSpace(string(said)), nil
}

// lookAtSources reads the directories that our commands are made of. go test remembers the result of a test as long as what
// the test looked at is the same. It does not know what a compiler looked at for it.
func lookAtSources(root string) error {
	for _, dir := range []string{"cmd", "provider", "test/tools"} {
		if err := filepath.WalkDir(filepath.Join(root, dir), func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			return err
		}
	}
	return nil
}

// Binaries builds the commands that the tests of one package drive, each once. The zero value is ready for [Binaries.Main],
// which a package's TestMain calls.
type Binaries struct {
	// Dir is where the commands are, from when Main runs.
	Dir string

	// Plain leaves the race detector out of the server: with it, memory and time say nothing.
	Plain bool

	// Races has the server detect races where the tests do not, if the environment has RACE_SERVER. It is for tests that ask
	// a server many things at once. They need no detector of their own, and take twice as long with one.
	Races bool

	environment []string // as it was: modules may come through a proxy

	mu    sync.Mutex
	built map[string]string
}

// Main runs the tests, with no proxy of the machine's between them and their registries.
func (s *Binaries) Main(m interface{ Run() int }) {
	s.environment = os.Environ()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		_ = os.Unsetenv(name) // it can, for the name is one
		_ = os.Unsetenv(strings.ToLower(name))
	}
	var err error
	if s.Dir, err = os.MkdirTemp("", "binaries-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(s.Dir) }() // it is a temporary folder
	m.Run()
}

// ServerRaces tells whether the server detects races.
func (s *Binaries) ServerRaces() bool {
	return !s.Plain && (raceEnabled || s.Races && os.Getenv("RACE_SERVER") != "")
}

// Command is the path of a command that [Build] knows, built when it is first asked for.
func (s *Binaries) Command(name string) (path string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path, ok := s.built[name]; ok {
		return path, nil
	}
	if path, err = build(context.Background(), s.Dir, name, s.environment, s.ServerRaces()); err != nil {
		return "", err
	}
	if s.built == nil {
		s.built = map[string]string{}
	}
	s.built[name] = path
	return path, nil
}
