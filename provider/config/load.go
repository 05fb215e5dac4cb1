package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// maxFile bounds the configuration file, far above any honest one.
const maxFile = 1 << 20

// Load reads the file at path and checks it. Relative paths in it are taken
// from the file's own folder, so that it means the same wherever the process
// was started. The error joins all that is wrong, one line a problem, each
// starting with path.
func Load(path string) (Config, error) {
	return load(path, func(problem) bool { return true })
}

// LoadClient is [Load] for a command that serves no requests: the keys under tls may be
// left out.
func LoadClient(path string) (Config, error) {
	return load(path, func(p problem) bool { return p.line > 0 || !strings.HasPrefix(p.key, "tls.") })
}

// load leaves out the problems that do not count.
func load(path string, counts func(problem) bool) (Config, error) {
	data, err := regularfile.Read(path, maxFile)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	c, _, found := parse(data)
	found = slices.DeleteFunc(found, func(p problem) bool { return !counts(p) })
	if len(found) > 0 {
		return Config{}, join(path+": ", found)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	c.resolve(folder)
	return c, nil
}

// Parse reads and checks a configuration that is already in memory, and leaves
// its paths as they are. The error joins all that is wrong, one line a problem.
func Parse(data []byte) (Config, error) {
	c, _, found := parse(data)
	if len(found) > 0 {
		return Config{}, join("", found)
	}
	return c, nil
}

// parse goes on to the checks when the reading had problems, so that all are reported at once. A
// value that could not be read has its default. It returns the line of each key too.
func parse(data []byte) (Config, map[string]int, []problem) {
	c := Default()
	d := decoder{lines: map[string]int{}}
	d.decode(data, &c)
	if d.broken {
		return c, d.lines, d.found
	}
	for i := range c.Registries {
		if c.Registries[i].Referrers == "" {
			c.Registries[i].Referrers = ReferrersAuto
		}
	}
	for _, p := range c.check() {
		p.line = d.lines[p.key]
		d.found = append(d.found, p)
	}
	return c, d.lines, d.found
}

// resolve makes every path absolute. The slices are c's own, fresh from parse.
func (c *Config) resolve(folder string) {
	c.Trust.PolicyFile = cmp.Or(c.Trust.PolicyFile, ".")
	paths := []*string{&c.TLS.CertFile, &c.TLS.KeyFile, &c.TLS.ClientCAFile, &c.Trust.PolicyFile, &c.Trust.StoreDir, &c.Cache.Evidence.Directory.Path}
	valkey := &c.Cache.Evidence.Valkey
	paths = append(paths, &valkey.PasswordFile, &valkey.SentinelPasswordFile, &valkey.TLS.CAFile, &valkey.TLS.ClientCertFile, &valkey.TLS.ClientKeyFile)
	for i := range c.Registries {
		paths = append(paths, &c.Registries[i].CAFile)
	}
	for i := range c.DockerConfigs {
		paths = append(paths, &c.DockerConfigs[i])
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
}
